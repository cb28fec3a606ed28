"""Labelled texts as a learner sees them: label sets in order, label numbers, stratified splits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder

from questiontopic_server.model.encoder import Floats
from questiontopic_server.model.manifest import FineLabel
from questiontopic_server.model.topic_model import coarse_of_fine

from .trec import DataError, Question

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Examples:
    """Texts with the numbers of their coarse and fine labels, in the order of `Labels`."""

    texts: tuple[str, ...]
    coarse: Ints
    fine: Ints

    def __len__(self) -> int:
        return len(self.texts)

    def split(self, fraction: float, seed: int) -> tuple[Examples, Examples]:
        """All but `fraction` of the rows, and that fraction; both with every fine label in its share."""
        rows = np.arange(len(self))
        try:
            kept, held = train_test_split(rows, test_size=fraction, random_state=seed, stratify=self.fine)
        except ValueError as error:
            raise DataError(f"too few training rows for a validation split: {error}") from None
        return self._rows(kept), self._rows(held)

    def _rows(self, rows: Ints) -> Examples:
        return Examples(tuple(self.texts[row] for row in rows), self.coarse[rows], self.fine[rows])


class Labels:
    """The labels of the training questions, sorted; `matrix` sums fine probabilities to coarse ones."""

    def __init__(self, questions: Sequence[Question]) -> None:
        self._coarse = LabelEncoder().fit([question.coarse for question in questions])
        self._fine = LabelEncoder().fit([question.fine for question in questions])
        self.coarse = tuple(map(str, self._coarse.classes_))
        self.fine = tuple(FineLabel(str(name), str(name).split(":")[0]) for name in self._fine.classes_)
        self.matrix: Floats = coarse_of_fine(self.coarse, self.fine)

    def examples(self, questions: Sequence[Question]) -> Examples:
        """The questions with their labels' numbers; raises DataError on a label that was not trained."""
        try:
            coarse = self._coarse.transform([question.coarse for question in questions])
            fine = self._fine.transform([question.fine for question in questions])
        except ValueError as error:
            raise DataError(f"a test label does not occur in the training file: {error}") from None
        return Examples(tuple(question.text for question in questions), coarse, fine)
