"""The batcher alone, in front of a function that the test can hold and release."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from questiontopic_server.batcher import Batcher, Limits
from questiontopic_server.errors import Expired, Overloaded

LIMITS = Limits(side_by_side=1, max_batch=8, max_queue=1_000, max_calls=1_000)
LARGE = 20  # Texts of a call that the queue counts as large.


class Clock:
    """Lets a test move the event loop's time ahead, by seconds."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.ahead, real = 0.0, loop.time
        loop.time = lambda: real() + self.ahead  # type: ignore[method-assign]


class Gate:
    """A slow function: answers each text with its capitals once it is opened. A text with `poison` fails its batch."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock  # With a clock, each character of a text takes a tenth of a second of its time.
        self.open, self.entered = asyncio.Event(), asyncio.Event()
        self.batches: list[list[str]] = []
        self.running = self.most_running = 0

    async def compute(self, texts: Sequence[str]) -> list[str]:
        self.batches.append(list(texts))
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        self.entered.set()
        await self.open.wait()
        self.running -= 1
        if self.clock:
            self.clock.ahead += 0.1 * sum(map(len, texts))
        if any("poison" in text for text in texts):
            raise ValueError("poison")
        return [text.upper() for text in texts]

    @property
    def computed(self) -> list[str]:
        return [text for batch in self.batches for text in batch]


def batcher_of(gate: Gate, *, weigh: Callable[[str], int] = lambda _: 1, **limits: int) -> Batcher[str]:
    return Batcher(gate.compute, weigh, replace(LIMITS, **limits))


async def queued(*calls: Coroutine[Any, Any, list[str]]) -> list[asyncio.Task[list[str]]]:
    """Starts the calls one after another and returns when each has run up to its wait."""
    tasks = [asyncio.create_task(call) for call in calls]
    await asyncio.sleep(0)
    return tasks


async def blocked(gate: Gate, batcher: Batcher[str]) -> asyncio.Task[list[str]]:
    """Sends a first call and returns when it is being computed, so that all later calls must queue."""
    (first,) = await queued(batcher.predict(["first"]))
    await gate.entered.wait()
    return first


async def experienced(gate: Gate) -> Batcher[str]:
    """A batcher that knows the time for a character, and whose function is held from now on."""
    batcher = batcher_of(gate, weigh=len)
    gate.open.set()
    await batcher.predict(["warm"])
    gate.open.clear()
    gate.entered.clear()
    return batcher


def texts_of(name: str, number: int) -> list[str]:
    return [f"{name}{index}" for index in range(number)]


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(scenario())


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


@pytest.mark.parametrize(("max_queue", "max_calls"), [(3, 100), (100, 1)])
def test_a_full_queue_refuses_with_a_hint_and_accepts_again_when_it_has_room(max_queue: int, max_calls: int) -> None:
    async def scenario() -> None:
        gate = Gate()
        batcher = batcher_of(gate, max_queue=max_queue, max_calls=max_calls)
        await blocked(gate, batcher)
        (waiting,) = await queued(batcher.predict(["a", "b", "c"]))
        with pytest.raises(Overloaded, match="the queue is full") as refused:
            await batcher.predict(["d"])
        assert refused.value.retry_after > 0
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        (accepted,) = await queued(batcher.predict(["e", "f", "g"]))
        gate.open.set()
        assert await accepted == ["E", "F", "G"]
        assert batcher.dropped == {"queue full": 1, "cancelled": 1}

    run(scenario)


def test_a_deadline_that_the_queue_cannot_meet_is_refused_at_once() -> None:
    async def scenario() -> None:
        gate, loop = Gate(Clock()), asyncio.get_running_loop()
        batcher = await experienced(gate)
        first = await blocked(gate, batcher)
        waiting = await queued(*(batcher.predict([f"t{i}"]) for i in range(9)))
        with pytest.raises(Overloaded, match="deadline cannot be met") as refused:
            await batcher.predict(["late"], loop.time() + 2.2)  # 5 + 18 characters are ahead.
        assert refused.value.retry_after > 0
        (in_time,) = await queued(batcher.predict(["in time"], loop.time() + 60))
        gate.open.set()
        assert await in_time == ["IN TIME"]
        await asyncio.gather(first, *waiting)
        assert "late" not in gate.computed

    run(scenario)


def test_the_wait_is_estimated_by_the_length_of_the_texts_and_not_by_their_number() -> None:
    async def scenario() -> None:
        gate, loop = Gate(Clock()), asyncio.get_running_loop()
        batcher = await experienced(gate)
        first = await blocked(gate, batcher)
        waiting = await queued(batcher.predict(["x" * 500]))  # One text, fifty seconds of work.
        with pytest.raises(Overloaded, match="deadline cannot be met"):
            await batcher.predict(["short"], loop.time() + 40)
        gate.open.set()
        await asyncio.gather(first, *waiting)

    run(scenario)


def test_many_full_calls_of_long_texts_are_answered_or_refused_and_do_not_all_expire() -> None:
    async def scenario() -> None:
        gate, loop = Gate(Clock()), asyncio.get_running_loop()
        gate.open.set()
        batcher = batcher_of(gate, weigh=len, max_queue=100_000)
        await batcher.predict(["ab"])
        deadline = loop.time() + 2_000  # Seconds: enough for ten of the calls below.
        calls = [batcher.predict(["x" * 100] * LARGE, deadline) for _ in range(64)]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert 8 <= sum(isinstance(outcome, list) for outcome in outcomes) <= 10
        assert all(isinstance(outcome, list | Overloaded | Expired) for outcome in outcomes)

    run(scenario)


def test_a_small_call_is_not_refused_for_the_large_calls_that_it_need_not_wait_for() -> None:
    async def scenario() -> None:
        gate, loop = Gate(Clock()), asyncio.get_running_loop()
        batcher = await experienced(gate)
        first = await blocked(gate, batcher)
        large = await queued(batcher.predict(["xx"] * 500))  # A hundred seconds of work.
        (small,) = await queued(batcher.predict(["s"], loop.time() + 5))
        gate.open.set()
        assert await small == ["S"]
        await asyncio.gather(first, *large)

    run(scenario)


def test_a_passed_deadline_is_refused() -> None:
    async def scenario() -> None:
        with pytest.raises(Expired):
            await batcher_of(Gate()).predict(["a"], asyncio.get_running_loop().time() - 1)

    run(scenario)


def test_a_call_expires_at_its_deadline_while_it_is_computed() -> None:
    async def scenario() -> None:
        gate = Gate()
        batcher = batcher_of(gate)
        with pytest.raises(Expired):
            await batcher.predict(["a"], asyncio.get_running_loop().time() + 0.01)
        gate.open.set()
        assert await batcher.predict(["b"]) == ["B"]
        assert batcher.dropped == {"expired": 1}

    run(scenario)


def test_a_call_is_computed_however_slow_the_batches_before_were() -> None:
    async def scenario() -> None:
        gate, loop = Gate(Clock()), asyncio.get_running_loop()
        gate.open.set()
        batcher = batcher_of(gate)
        await batcher.predict(["slow"])  # 0.4 seconds, by the clock.
        gate.clock = None
        assert await batcher.predict(["quick"], loop.time() + 0.05) == ["QUICK"]

    run(scenario)


@settings(deadline=None, max_examples=150)
@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=12),
    side_by_side=st.integers(1, 3),
    seed=st.integers(0, 2**32),
    poisoned=st.sets(st.integers(0, 11), max_size=2),
)
def test_answers_are_in_order_whichever_batch_is_first(
    sizes: list[int], side_by_side: int, seed: int, poisoned: set[int]
) -> None:
    order = random.Random(seed)

    async def scenario() -> None:
        waiting: list[asyncio.Event] = []

        async def compute(texts: Sequence[str]) -> list[str]:
            waiting.append(asyncio.Event())
            await waiting[-1].wait()
            if any(text.startswith("poison") for text in texts):
                raise ValueError("poison")
            return [text.upper() for text in texts]

        batcher = Batcher[str](compute, lambda _: 1, replace(LIMITS, side_by_side=side_by_side))
        texts = [
            texts_of(f"{'poison' if call in poisoned else 'text'} {call} ", size) for call, size in enumerate(sizes)
        ]
        calls = await queued(*(batcher.predict(part) for part in texts))
        while not all(call.done() for call in calls):
            await asyncio.sleep(0)
            if held := [event for event in waiting if not event.is_set()]:
                order.choice(held).set()
        results = await asyncio.gather(*calls, return_exceptions=True)
        for number, (result, part) in enumerate(zip(results, texts, strict=True)):
            if number in poisoned:
                assert isinstance(result, ValueError)
            else:
                assert result == [text.upper() for text in part]

    run(scenario)


Fate = st.sampled_from(["wait", "cancel", "expire"])


@settings(deadline=None, max_examples=150)
@given(calls=st.lists(st.tuples(st.integers(1, 30), Fate), max_size=40))
def test_cancelled_and_expired_calls_are_never_computed_and_harm_no_neighbour(calls: list[tuple[int, str]]) -> None:
    async def scenario() -> None:
        gate, loop, clock = Gate(), asyncio.get_running_loop(), Clock()
        batcher = batcher_of(gate, max_queue=2_000)
        first = await blocked(gate, batcher)
        texts = [texts_of(f"{number}-{fate}-", size) for number, (size, fate) in enumerate(calls)]
        tasks = await queued(
            *(
                batcher.predict(part, loop.time() + (3_600 if fate == "expire" else 1e9))
                for part, (_, fate) in zip(texts, calls, strict=True)
            )
        )
        for task, (_, fate) in zip(tasks, calls, strict=True):
            if fate == "cancel":
                task.cancel()
        await asyncio.sleep(0)
        clock.ahead = 7_200.0
        gate.open.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert await first == ["FIRST"]
        for part, (_, fate), result in zip(texts, calls, results, strict=True):
            if fate == "wait":
                assert result == [text.upper() for text in part]
            elif fate == "cancel":
                assert isinstance(result, asyncio.CancelledError)
            else:
                assert isinstance(result, Expired | Overloaded)
        accepted = [text for part, (_, fate) in zip(texts, calls, strict=True) if fate == "wait" for text in part]
        assert sorted(gate.computed) == sorted(["first", *accepted])
        # The queue is empty: a call that needs all of it is accepted.
        assert len(await batcher.predict(["all"] * 2_000)) == 2_000

    run(scenario)
