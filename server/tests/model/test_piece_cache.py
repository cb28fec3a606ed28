"""The cache: each piece gets its own row, whatever was asked before."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from questiontopic_model.runtimes.graph import Floats
from questiontopic_model.runtimes.piece_cache import PieceCache, Pieces

VOCABULARY, CAPACITY = 50, 8


class Rows:
    """Gives piece n the row [n, -n], and records the pieces that it computed."""

    def __init__(self) -> None:
        self.computed: list[int] = []

    def compute(self, pieces: Pieces) -> Floats:
        self.computed.extend(pieces.tolist())
        return np.stack([pieces, -pieces], axis=1).astype(np.float32)


def new(rows: Rows) -> PieceCache:
    return PieceCache(VOCABULARY, 2, rows.compute, CAPACITY)


def rows_of(cache: PieceCache, pieces: list[int]) -> list[list[float]]:
    with cache.use(np.array(pieces, np.int64)) as (rows, slots):
        values: list[list[float]] = rows[slots].tolist()
    return values


# Few different pieces, so that batches share most of them; or many, so that batches share few.
pieces = st.integers(1, CAPACITY + 2) | st.integers(1, VOCABULARY - 1)
batch = st.lists(pieces, min_size=1, max_size=20)  # Some have more different pieces than the cache has slots.


@given(st.lists(batch, min_size=1, max_size=30))
def test_every_piece_gets_its_row_whatever_came_before(asked: list[list[int]]) -> None:
    cache = new(Rows())
    for batch in asked:
        assert rows_of(cache, batch) == [[piece, -piece] for piece in batch]
    with cache.use(np.array([1], np.int64)) as (rows, _):
        assert rows[0].tolist() == [0, 0]


def test_no_piece_of_the_current_batch_is_freed() -> None:
    cache = new(Rows())
    full = list(range(1, CAPACITY + 1))
    rows_of(cache, full)
    for added in range(20, 30):
        batch = [*full[1:], added]
        assert rows_of(cache, batch) == [[piece, -piece] for piece in batch]


def test_no_piece_that_another_thread_uses_is_freed() -> None:
    cache = new(Rows())
    asked = np.arange(1, CAPACITY + 1)
    with cache.use(asked) as (rows, slots):
        for added in range(20, 30):
            assert rows_of(cache, [added, added + 1]) == [[added, -added], [added + 1, -added - 1]]
        assert rows[slots].tolist() == [[piece, -piece] for piece in asked]
    assert rows_of(cache, [40]) == [[40, -40]]


def test_threads_get_their_own_rows_whatever_the_others_ask() -> None:
    cache = new(Rows())

    def ask(seed: int) -> bool:
        random = np.random.default_rng(seed)
        for _ in range(300):
            asked = random.integers(1, VOCABULARY, random.integers(1, CAPACITY))
            with cache.use(asked) as (rows, slots):
                before = rows[slots].tolist()
                time.sleep(0)  # Lets other threads go on.
                if not before == rows[slots].tolist() == [[piece, -piece] for piece in asked]:
                    return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(ask, range(4)))


def test_a_piece_in_the_cache_is_not_computed_again() -> None:
    rows = Rows()
    cache = new(rows)
    rows_of(cache, [3, 5, 3])
    rows_of(cache, [5, 7])
    assert rows.computed == [3, 5, 7]


def test_the_least_recently_used_pieces_are_freed_first() -> None:
    rows = Rows()
    cache = new(rows)
    for piece in range(1, CAPACITY + 1):
        rows_of(cache, [piece])
    rows_of(cache, [1, 2])  # 3 and 4 are now the least recently used; a quarter is freed at once.
    rows_of(cache, [20])
    rows.computed.clear()
    rows_of(cache, [1, 2, 5, 6, 7, 8, 20])
    assert rows.computed == []
    rows_of(cache, [3])
    assert rows.computed == [3]
