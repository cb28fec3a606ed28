"""The batcher alone: which calls become a batch, in which order."""

from __future__ import annotations

import asyncio
import math

import pytest
from batcher_gate import LARGE, LIMITS, Gate, batcher_of, blocked, queued, run, texts_of


def test_a_lone_call_is_computed_at_once() -> None:
    async def scenario() -> None:
        gate = Gate()
        gate.open.set()
        assert await batcher_of(gate).predict(["a"]) == ["A"]

    run(scenario)


def test_whatever_waits_while_a_batch_is_computed_is_the_next_batch() -> None:
    async def scenario() -> None:
        gate = Gate()
        batcher = batcher_of(gate)
        first = await blocked(gate, batcher)
        tasks = await queued(*(batcher.predict([f"t{i}"]) for i in range(5)))
        gate.open.set()
        assert await first == ["FIRST"]
        assert [await task for task in tasks] == [[f"T{i}"] for i in range(5)]
        assert gate.batches == [["first"], ["t0", "t1", "t2", "t3", "t4"]]

    run(scenario)


def test_a_second_batch_starts_beside_another_only_if_it_is_full() -> None:
    async def scenario() -> None:
        gate = Gate()
        batcher = batcher_of(gate, side_by_side=2)
        first = await blocked(gate, batcher)
        few = await queued(*(batcher.predict([f"t{i}"]) for i in range(LIMITS.max_batch - 1)))
        await asyncio.sleep(0)
        assert gate.batches == [["first"]]
        last = await queued(batcher.predict(["last"]))
        await asyncio.sleep(0)
        assert gate.batches == [["first"], [*(f"t{i}" for i in range(LIMITS.max_batch - 1)), "last"]]
        gate.open.set()
        await asyncio.gather(first, *few, *last)

    run(scenario)


@pytest.mark.parametrize("side_by_side", [1, 3])
def test_never_more_batches_than_allowed_and_never_larger_ones(side_by_side: int) -> None:
    async def scenario() -> None:
        gate = Gate()
        batcher = batcher_of(gate, side_by_side=side_by_side)
        calls = await queued(*(batcher.predict(texts_of(f"c{i}-", 5)) for i in range(20)))
        await gate.entered.wait()
        gate.open.set()
        await asyncio.gather(*calls)
        assert gate.most_running == side_by_side
        assert max(map(len, gate.batches)) <= LIMITS.max_batch

    run(scenario)


def test_a_small_call_is_in_the_first_batch_after_it_came_whatever_large_calls_wait() -> None:
    async def scenario() -> None:
        gate = Gate()
        batcher = batcher_of(gate)
        await blocked(gate, batcher)
        large = await queued(*(batcher.predict(texts_of(name, 50)) for name in "abc"))
        (small,) = await queued(batcher.predict(["small"]))
        gate.open.set()
        assert await small == ["SMALL"]
        assert "small" in gate.batches[1]
        for name, task in zip("ABC", large, strict=True):
            assert await task == texts_of(name, 50)

    run(scenario)


def test_a_flood_of_small_calls_leaves_half_of_each_batch_to_a_large_one() -> None:
    async def scenario() -> None:
        gate = Gate()
        batcher = batcher_of(gate)
        await blocked(gate, batcher)
        (large,) = await queued(batcher.predict(texts_of("l", LARGE)))
        small = await queued(*(batcher.predict([f"s{i}"]) for i in range(100)))
        gate.open.set()
        await large
        needed = math.ceil(LARGE / (LIMITS.max_batch / 2))
        assert sum(text.startswith("l") for batch in gate.batches[1 : 1 + needed] for text in batch) == LARGE
        await asyncio.gather(*small)

    run(scenario)


def test_large_calls_are_finished_one_after_another() -> None:
    async def scenario() -> None:
        gate = Gate()
        batcher = batcher_of(gate)
        await blocked(gate, batcher)
        calls = await queued(*(batcher.predict(texts_of(name, LARGE)) for name in "abc"))
        gate.open.set()
        await asyncio.gather(*calls)
        assert [text[0] for text in gate.computed[1:]] == [name for name in "abc" for _ in range(LARGE)]

    run(scenario)


def test_a_batch_of_long_texts_has_fewer_of_them() -> None:
    async def scenario() -> None:
        gate = Gate()
        batcher = batcher_of(gate, weigh=len, max_batch=100)
        await blocked(gate, batcher)
        calls = await queued(batcher.predict(["x" * 30] * 10), batcher.predict(["y"] * 10))
        gate.open.set()
        await asyncio.gather(*calls)
        assert gate.batches[1] == ["x" * 30] * 4  # The fourth goes beyond the hundred.

    run(scenario)


def test_a_poisoned_call_fails_alone() -> None:
    async def scenario() -> None:
        gate = Gate()
        batcher = batcher_of(gate)
        await blocked(gate, batcher)
        before, bad, after = await queued(*(batcher.predict([text]) for text in ("before", "poison", "after")))
        gate.open.set()
        assert await before == ["BEFORE"]
        assert await after == ["AFTER"]
        with pytest.raises(ValueError, match="poison"):
            await bad
        assert await batcher.predict(["later"]) == ["LATER"]

    run(scenario)
