"""Labelled texts in the form that models learn from: label numbers instead of names, and stratified splits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder

from questiontopic_model.bundle.manifest import FineLabel
from questiontopic_model.runtimes.graph import Floats
from questiontopic_model.topic_model import coarse_of_fine

from .questions import DataError, Question

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Examples:
    """Texts with the numbers of their coarse and fine labels; `Labels` defines the numbers."""

    texts: tuple[str, ...]
    coarse: Ints
    fine: Ints

    def __len__(self) -> int:
        return len(self.texts)

    def split(self, fraction: float, seed: int) -> tuple[Examples, Examples]:
        """Splits the rows at random into a larger part and `fraction` of them; both have the same mix of labels."""
        rows = np.arange(len(self))
        size = max(fraction, len(np.unique(self.fine)) / len(self))  # A smaller part could not hold every label.
        try:
            kept, held_out = train_test_split(rows, test_size=size, random_state=seed, stratify=self.fine)
        except ValueError as error:
            raise DataError(f"too few training rows for a validation split: {error}") from None
        return self.rows(kept), self.rows(held_out)

    def weights(self, balance: float) -> Floats:
        """The weight of each row: n to the power of -`balance`, where n is the number of rows of its fine label.

        With 0 all rows count alike, with 1 all labels. The weights are scaled to a mean of 1.
        """
        weights = np.bincount(self.fine)[self.fine] ** -float(balance)
        scaled: Floats = (weights / weights.mean()).astype(np.float32)
        return scaled

    def rows(self, rows: Ints) -> Examples:
        """The rows with these numbers, in the given order."""
        return Examples(tuple(self.texts[row] for row in rows), self.coarse[rows], self.fine[rows])


def concatenate(parts: Sequence[Examples]) -> Examples:
    """The rows of all parts, in the given order."""
    texts = tuple(text for part in parts for text in part.texts)
    return Examples(texts, *(np.concatenate([getattr(p, level) for p in parts]) for level in ("coarse", "fine")))


class Labels:
    """The labels of the training questions, sorted by name.

    `matrix` [fine, coarse] turns probabilities of fine labels into probabilities of coarse labels. Without a hierarchy
    (`hierarchical` is False) the coarse labels are the fine ones.
    """

    def __init__(self, questions: Sequence[Question]) -> None:
        self._coarse = LabelEncoder().fit([question.coarse for question in questions])
        self._fine = LabelEncoder().fit([question.fine for question in questions])
        self.coarse = tuple(map(str, self._coarse.classes_))
        coarse_of = {question.fine: question.coarse for question in questions}
        self.fine = tuple(FineLabel(str(name), coarse_of[str(name)]) for name in self._fine.classes_)
        self.hierarchical = self.coarse != tuple(label.name for label in self.fine)
        self.matrix: Floats = coarse_of_fine(self.coarse, self.fine)

    def examples(self, questions: Sequence[Question]) -> Examples:
        """The questions with the numbers of their labels; raises DataError if the training questions lack a label."""
        try:
            coarse = self._coarse.transform([question.coarse for question in questions])
            fine = self._fine.transform([question.fine for question in questions])
        except ValueError as error:
            raise DataError(f"a test label does not occur in the training file: {error}") from None
        return Examples(tuple(question.text for question in questions), coarse, fine)
