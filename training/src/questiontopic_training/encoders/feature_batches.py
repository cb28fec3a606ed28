"""Batches of vectors for Keras's `fit`, read from disk one at a time and shuffled anew each epoch."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from ..data.examples import Examples
from .embedding_cache import Vectors


class FeatureBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """(vectors, fine labels, weights of the rows) in batches of `size`, in an order that `seed` decides."""

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
        rows = np.sort(self._order[number * self._size : (number + 1) * self._size])  # Sorted: near each other on disk.
        return self._vectors[rows], self._fine[rows], self._weights[rows]

    def on_epoch_end(self) -> None:
        """A new order."""
        self._order = self._random.permutation(len(self._vectors))
