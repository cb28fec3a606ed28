"""Questions with their labels, and the error for data that cannot be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


class DataError(Exception):
    """The data cannot be used; the message is one line that names the file and the fix."""


@dataclass(frozen=True)
class Question:
    """A question and its labels, for example `LOC` and `LOC:city`. Without a hierarchy both labels are the same.

    `line` is the line of the file where the question begins, counted from 1.
    """

    text: str
    coarse: str
    fine: str
    line: int = field(default=0, compare=False)

    def narrowed(self) -> Question | None:
        """The question with its label `COARSE:fine` split into two levels; None if the label has another form."""
        coarse, _, narrow = self.fine.partition(":")
        return replace(self, coarse=coarse) if coarse.strip() and narrow.strip() else None


@dataclass(frozen=True)
class QuestionSet:
    """Questions to train on, questions to test on (possibly none), a description for the manifest, and warnings.

    `label_descriptions` says what labels mean; a label may have none.
    """

    training: tuple[Question, ...]
    test: tuple[Question, ...]
    description: dict[str, Any]
    warnings: tuple[str, ...]
    label_descriptions: Mapping[str, str] = field(default_factory=dict)

    def with_description(self, description: dict[str, Any]) -> QuestionSet:
        """The same questions with more entries in their description."""
        return replace(self, description={**self.description, **description})
