"""Texts that occur more than once: within the training rows, or in these and the test rows.

Texts are the same that differ only in case and blanks. It changes no data; it counts, and says where to look.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .questions import Question

_MAX_LINES_SHOWN = 5  # Line numbers in a warning.


@dataclass(frozen=True)
class Duplicates:
    """The lines of training rows that repeat an earlier one or contradict its label, and of test rows also trained."""

    repeated: tuple[int, ...]
    contradictory: tuple[int, ...]
    also_in_test: tuple[int, ...]

    def counts(self) -> dict[str, int]:
        """How many rows of each kind, for the manifest."""
        return {name: len(lines) for name, lines in vars(self).items()}

    def warnings(self, training: Path, test: Path | None) -> tuple[str, ...]:
        """A line for each kind that occurs."""
        kinds = (
            (training, self.repeated, "repeat an earlier text with the same label"),
            (training, self.contradictory, "repeat an earlier text with another label"),
            (test, self.also_in_test, f"have a text of {training.name} too, so that test figures flatter"),
        )
        return tuple(f"{path}: {len(lines)} rows {what}: {_shown(lines)}" for path, lines, what in kinds if lines)


def normalized(text: str) -> str:
    """What two texts have in common that differ only in case and blanks."""
    return " ".join(text.casefold().split())


def find_duplicates(training: Iterable[Question], test: Iterable[Question]) -> Duplicates:
    """The duplicates, each kind in the order of the lines."""
    first: dict[str, str] = {}
    repeated: list[int] = []
    contradictory: list[int] = []
    for question in training:
        key = normalized(question.text)
        if key in first:
            (repeated if first[key] == question.fine else contradictory).append(question.line)
        else:
            first[key] = question.fine
    return Duplicates(
        tuple(repeated),
        tuple(contradictory),
        tuple(question.line for question in test if normalized(question.text) in first),
    )


def _shown(lines: Sequence[int]) -> str:
    more = ", …" if len(lines) > _MAX_LINES_SHOWN else ""
    return f"line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines[:_MAX_LINES_SHOWN]))}{more}"
