"""Labelled questions, and the error for data of no use. It reads no file: `question_file` does."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any


class DataError(Exception):
    """The data cannot be used; the message is one line that names the file and what to do."""


@dataclass(frozen=True)
class Question:
    """A question and its labels, for example `LOC` and `LOC:city`; without a hierarchy both are the same.

    `line` is where it begins in its file, from 1.
    """

    text: str
    coarse: str
    fine: str
    line: int = field(default=0, compare=False)

    def narrowed(self) -> Question | None:
        """The question with its label `COARSE:fine` read as two levels; None if the label is not of this form."""
        coarse, _, narrow = self.fine.partition(":")
        return replace(self, coarse=coarse) if coarse.strip() and narrow.strip() else None


@dataclass(frozen=True)
class QuestionSet:
    """Questions to train and to test on (there may be none of these), their description for the manifest, warnings."""

    training: tuple[Question, ...]
    test: tuple[Question, ...]
    description: dict[str, Any]
    warnings: tuple[str, ...]

    def with_description(self, description: dict[str, Any]) -> QuestionSet:
        """The same questions, with more to tell about the data."""
        return replace(self, description={**self.description, **description})
