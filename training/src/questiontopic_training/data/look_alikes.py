"""Finds labels that people take for the same one, but that are trained as two."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .questions import Question

_MAX_SHOWN = 5  # Warnings.
_DIFFERENCE = "case, blanks, invisible characters or Unicode form"
_VARIATION = re.compile("[\ufe00-\ufe0f]")  # Invisible: they choose a drawing of the character before them.


@dataclass(frozen=True)
class LookAlike:
    """Two labels, each with the line where it first appears; the first label appears earlier."""

    first: str
    first_line: int
    second: str
    second_line: int

    def __str__(self) -> str:
        first, second = shown(self.first, self.second)
        return (
            f"label {first} (line {self.first_line}) and label {second} (line {self.second_line}) differ only in "
            f"{_DIFFERENCE}, but are two labels; if they mean the same, write them alike"
        )


def find_look_alikes(questions: Iterable[Question]) -> tuple[LookAlike, ...]:
    """The labels, coarse and fine, that look like an earlier one of `questions`; in the order of their lines."""
    lines: dict[str, int] = {}
    for question in questions:
        for label in (question.coarse, question.fine):
            lines.setdefault(label, question.line)
    first: dict[str, str] = {}
    found = []
    for label, line in lines.items():
        other = first.setdefault(looks(label), label)
        if other != label:
            found.append(LookAlike(other, lines[other], label, line))
    return tuple(found)


def warnings(found: tuple[LookAlike, ...], path: Path) -> tuple[str, ...]:
    """One line for each pair; after the fifth, one line that counts the others."""
    more = len(found) - _MAX_SHOWN
    rest = (f"{path}: {more} more pairs of labels differ only in {_DIFFERENCE}",) if more > 0 else ()
    return (*(f"{path}: {one}" for one in found[:_MAX_SHOWN]), *rest)


def looks(label: str) -> str:
    """Equal for labels that look alike."""
    folded = unicodedata.normalize("NFKC", _visible(label)).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def shown(first: str, second: str) -> tuple[str, str]:
    """Both labels in quotes; with escapes instead of their special characters if quotes alone would look the same."""
    same = unicodedata.normalize("NFC", _visible(first)) == unicodedata.normalize("NFC", _visible(second))
    show = ascii if same else repr
    return show(first), show(second)


def _visible(label: str) -> str:
    return "".join(sign for sign in _VARIATION.sub("", label) if unicodedata.category(sign) != "Cf")
