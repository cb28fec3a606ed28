"""Finds texts that occur twice: in the training rows, or in the training rows and the test rows.

Two texts count as the same if they differ only in case and blanks. The data stay unchanged: the duplicates are counted
and reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .questions import Question

_MAX_LINES_SHOWN = 5  # In a warning.


@dataclass(frozen=True)
class Duplicates:
    """Line numbers, by the kind of duplicate.

    `repeated`: training rows with the text and label of an earlier row. `contradictory`: training rows with the text of
    an earlier row but another label. `also_in_test`: test rows with the text of a training row.
    """

    repeated: tuple[int, ...]
    contradictory: tuple[int, ...]
    also_in_test: tuple[int, ...]

    def counts(self) -> dict[str, int]:
        """The number of rows of each kind, for the manifest."""
        return {name: len(lines) for name, lines in vars(self).items()}

    def warnings(self, training: Path, test: Path | None) -> tuple[str, ...]:
        """One line for each kind that occurs."""
        kinds = (
            (training, self.repeated, "repeat an earlier text with the same label"),
            (training, self.contradictory, "repeat an earlier text with another label"),
            (test, self.also_in_test, f"have a text of {training.name} too, which makes the test figures too good"),
        )
        return tuple(f"{path}: {len(lines)} rows {what}: {_shown(lines)}" for path, lines, what in kinds if lines)


def normalized(text: str) -> str:
    """The text in lower case, with single blanks between words."""
    return " ".join(text.casefold().split())


def find_duplicates(training: Iterable[Question], test: Iterable[Question]) -> Duplicates:
    """The duplicates; each kind is in the order of its lines."""
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
