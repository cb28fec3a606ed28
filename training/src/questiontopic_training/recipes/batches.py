"""Batches of training rows: texts of similar length, and vectors for Keras's `fit`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from ..data.examples import Examples, Ints
from ..encoders.embedding_cache import Vectors

_POOL = 50  # Batches that are sorted by length together: enough for similar lengths, few enough to stay random.


def batches_by_length(lengths: Ints, size: int, random: np.random.Generator) -> Iterator[Ints]:
    """Batches of row numbers in random order, each of `size` texts of similar length, which need little padding.

    `lengths` has the length of every text. Every row is in one batch; a few batches are smaller.
    """
    order = random.permutation(len(lengths))
    batches = []
    for start in range(0, len(order), size * _POOL):
        pool = order[start : start + size * _POOL]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[at : at + size] for at in range(0, len(pool), size)]
    for number in random.permutation(len(batches)):
        yield batches[number]


class FeatureBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of (vectors, fine labels, weights), read from disk one at a time; `seed` decides their order."""

    def __init__(self, vectors: Vectors, examples: Examples, balance: float, size: int, seed: int) -> None:
        super().__init__()
        self._vectors, self._fine, self._size = vectors, examples.fine, size
        self.dimension = vectors.dimension
        self._weights = examples.weights(balance)
        self._random = np.random.default_rng(seed)
        self._order = self._random.permutation(len(vectors))

    def __len__(self) -> int:
        return -(-len(self._vectors) // self._size)

    def __getitem__(self, number: int) -> tuple[Any, Any, Any]:
        # Sorted, so that the reads on disk are close together.
        rows = np.sort(self._order[number * self._size : (number + 1) * self._size])
        return self._vectors[rows], self._fine[rows], self._weights[rows]

    def on_epoch_end(self) -> None:
        """Shuffles the rows."""
        self._order = self._random.permutation(len(self._vectors))
