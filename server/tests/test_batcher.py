"""The batcher alone, in front of a function that the test can hold and release."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from questiontopic_server.batcher import Batcher, FunctionEnded
from questiontopic_server.errors import Expired, NotServing, Overloaded

WAIT = 10.0  # Bounds a test that would otherwise hang; nothing waits this long when all is well.


class Clock:
    """Lets a test move the event loop's time ahead, by seconds."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.ahead, real = 0.0, loop.time
        loop.time = lambda: real() + self.ahead  # type: ignore[method-assign]


class Gate:
    """A slow function: answers each text with its capitals, once it is opened; `poison` raises."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock  # Given one, a text takes a tenth of a second of its time.
        self.open, self.entered = threading.Event(), threading.Event()
        self.batches: list[list[str]] = []

    def compute(self, texts: Sequence[str]) -> list[str]:
        self.batches.append(list(texts))
        self.entered.set()
        assert self.open.wait(WAIT)
        if self.clock:
            self.clock.ahead += 0.1 * len(texts)
        if "poison" in texts:
            raise ValueError("poison")
        return [text.upper() for text in texts]

    @property
    def computed(self) -> list[str]:
        return [text for batch in self.batches for text in batch]


@asynccontextmanager
async def running(gate: Gate, **options: int) -> Any:
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as executor:
        batcher = Batcher[str](**{"max_batch": 8, "max_queue": 1000, **options})
        task = asyncio.create_task(batcher.run(lambda texts: loop.run_in_executor(executor, gate.compute, texts)))
        try:
            yield batcher
        finally:
            gate.open.set()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def blocked(gate: Gate, batcher: Batcher[str]) -> asyncio.Task[list[str]]:
    """Sends a first call and returns when it is being computed, so that all later calls must queue."""
    first = asyncio.create_task(batcher.predict(["first"]))
    assert await asyncio.to_thread(gate.entered.wait, WAIT)
    return first


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), WAIT))


async def queued(calls: Sequence[Any]) -> list[asyncio.Task[list[str]]]:
    tasks = [asyncio.create_task(call) for call in calls]
    await asyncio.sleep(0)  # One turn of the loop: every task has run up to its wait.
    return tasks


def test_whatever_waits_while_the_function_is_busy_is_the_next_batch() -> None:
    async def scenario() -> None:
        gate = Gate()
        async with running(gate) as batcher:
            first = await blocked(gate, batcher)
            tasks = await queued([batcher.predict([f"t{i}"]) for i in range(5)])
            gate.open.set()
            assert await first == ["FIRST"]
            assert [await task for task in tasks] == [[f"T{i}"] for i in range(5)]
        assert gate.batches == [["first"], ["t0", "t1", "t2", "t3", "t4"]]

    run(scenario)


def test_a_large_call_lets_a_small_one_that_came_later_into_its_first_batch() -> None:
    async def scenario() -> None:
        gate = Gate()
        async with running(gate, turn=4) as batcher:
            await blocked(gate, batcher)
            large, small = await queued([batcher.predict([f"l{i}" for i in range(100)]), batcher.predict(["small"])])
            gate.open.set()
            assert await small == ["SMALL"]
            assert await large == [f"L{i}" for i in range(100)]
        assert "small" in gate.batches[1]
        assert max(map(len, gate.batches)) <= 8

    run(scenario)


def test_a_poisoned_call_fails_alone() -> None:
    async def scenario() -> None:
        gate = Gate()
        async with running(gate) as batcher:
            await blocked(gate, batcher)
            before, bad, after = await queued([batcher.predict([text]) for text in ("before", "poison", "after")])
            gate.open.set()
            assert await before == ["BEFORE"]
            assert await after == ["AFTER"]
            with pytest.raises(ValueError, match="poison"):
                await bad

    run(scenario)


def test_a_full_queue_refuses_with_a_hint_and_accepts_again_when_it_has_room() -> None:
    async def scenario() -> None:
        gate = Gate()
        async with running(gate, max_queue=3) as batcher:
            await blocked(gate, batcher)
            (waiting,) = await queued([batcher.predict(["a", "b", "c"])])
            with pytest.raises(Overloaded) as refused:
                await batcher.predict(["d"])
            assert refused.value.retry_after > 0
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            (accepted,) = await queued([batcher.predict(["e", "f", "g"])])
            gate.open.set()
            assert await accepted == ["E", "F", "G"]

    run(scenario)


def test_a_deadline_that_the_queue_cannot_meet_is_refused_at_once() -> None:
    async def scenario() -> None:
        gate, loop = Gate(Clock()), asyncio.get_running_loop()
        gate.open.set()
        async with running(gate) as batcher:
            await batcher.predict(["warm"])  # From now on the batcher knows what a text takes.
            gate.open.clear()
            gate.entered.clear()
            first = await blocked(gate, batcher)
            (waiting,) = await queued([batcher.predict([f"t{i}" for i in range(9)])])
            with pytest.raises(Overloaded, match="deadline cannot be met") as refused:
                await batcher.predict(["late"], loop.time() + 0.8)
            assert refused.value.retry_after > 0
            (in_time,) = await queued([batcher.predict(["in time"], loop.time() + 60)])
            gate.open.set()
            assert await in_time == ["IN TIME"]
            await asyncio.gather(first, waiting)
        assert "late" not in gate.computed

    run(scenario)


def test_a_passed_deadline_is_refused() -> None:
    async def scenario() -> None:
        async with running(Gate()) as batcher:
            with pytest.raises(Expired):
                await batcher.predict(["a"], asyncio.get_running_loop().time() - 1)

    run(scenario)


def test_what_waits_when_the_batcher_ends_fails_as_not_serving() -> None:
    async def scenario() -> None:
        gate = Gate()
        async with running(gate) as batcher:
            await blocked(gate, batcher)
            (waiting,) = await queued([batcher.predict(["a"])])
        with pytest.raises(NotServing):
            await waiting

    run(scenario)


def test_a_call_is_computed_however_slow_the_batches_before_were() -> None:
    async def scenario() -> None:
        gate, loop = Gate(Clock()), asyncio.get_running_loop()
        gate.open.set()
        async with running(gate) as batcher:
            await batcher.predict(["slow"])  # A tenth of a second, by the clock.
            assert await batcher.predict(["quick"], loop.time() + 0.05) == ["QUICK"]

    run(scenario)


def test_a_function_that_has_ended_takes_its_batch_with_it_and_no_more() -> None:
    async def scenario() -> None:
        gate, loop = Gate(), asyncio.get_running_loop()
        entered, release = asyncio.Event(), asyncio.Event()

        async def ends(texts: Sequence[str]) -> list[str]:
            entered.set()
            await release.wait()
            raise FunctionEnded("gone")

        with ThreadPoolExecutor(1) as executor:
            batcher = Batcher[str](max_batch=2, max_queue=100)
            ending = asyncio.create_task(batcher.run(ends))
            (lost,) = await queued([batcher.predict(["lost"])])
            await entered.wait()
            working = asyncio.create_task(batcher.run(lambda t: loop.run_in_executor(executor, gate.compute, t)))
            kept = await queued([batcher.predict([f"t{i}"]) for i in range(5)])
            release.set()
            with pytest.raises(NotServing):
                await lost
            with pytest.raises(FunctionEnded):
                await ending
            gate.open.set()
            assert [await call for call in kept] == [[f"T{i}"] for i in range(5)]
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    run(scenario)


@settings(deadline=None, max_examples=100)
@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=12),
    functions=st.integers(1, 3),
    turn=st.integers(1, 20),
    order=st.randoms(use_true_random=False),
    poisoned=st.sets(st.integers(0, 11), max_size=2),
)
def test_answers_are_in_order_whichever_function_is_first(
    sizes: list[int], functions: int, turn: int, order: Any, poisoned: set[int]
) -> None:
    async def scenario() -> None:
        waiting: list[asyncio.Event] = []

        async def compute(texts: Sequence[str]) -> list[str]:
            waiting.append(asyncio.Event())
            await waiting[-1].wait()
            if any(text.startswith("poison") for text in texts):
                raise ValueError("poison")
            return [text.upper() for text in texts]

        batcher = Batcher[str](max_batch=8, max_queue=1000, turn=turn)
        tasks = [asyncio.create_task(batcher.run(compute)) for _ in range(functions)]
        texts = [
            [f"{'poison' if call in poisoned else 'text'} {call} {i}" for i in range(size)]
            for call, size in enumerate(sizes)
        ]
        calls = await queued([batcher.predict(part) for part in texts])
        while not all(call.done() for call in calls):
            await asyncio.sleep(0)
            if blocked := [event for event in waiting if not event.is_set()]:
                order.choice(blocked).set()
        results = await asyncio.gather(*calls, return_exceptions=True)
        for number, (result, part) in enumerate(zip(results, texts, strict=True)):
            if number in poisoned:
                assert isinstance(result, ValueError)
            else:
                assert result == [text.upper() for text in part]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(asyncio.wait_for(scenario(), WAIT))


Fate = st.sampled_from(["wait", "cancel", "expire"])


@settings(deadline=None, max_examples=150)
@given(calls=st.lists(st.tuples(st.integers(1, 30), Fate), max_size=40), turn=st.integers(1, 20))
def test_cancelled_and_expired_calls_are_never_computed_and_harm_no_neighbour(
    calls: list[tuple[int, str]], turn: int
) -> None:
    async def scenario() -> None:
        gate = Gate()
        loop, clock = asyncio.get_running_loop(), Clock()
        async with running(gate, turn=turn, max_queue=2000) as batcher:
            first = await blocked(gate, batcher)
            texts = [[f"{number}-{fate}-{i}" for i in range(size)] for number, (size, fate) in enumerate(calls)]
            tasks = await queued(
                [
                    batcher.predict(part, loop.time() + (3600 if fate == "expire" else 1e9))
                    for part, (_, fate) in zip(texts, calls, strict=True)
                ]
            )
            for task, (_, fate) in zip(tasks, calls, strict=True):
                if fate == "cancel":
                    task.cancel()
            await asyncio.sleep(0)
            clock.ahead = 7200.0
            gate.open.set()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert await first == ["FIRST"]
            assert batcher._waiting == 0
        for part, (_, fate), result in zip(texts, calls, results, strict=True):
            if fate == "wait":
                assert result == [text.upper() for text in part]
            else:
                assert isinstance(result, asyncio.CancelledError if fate == "cancel" else Expired)
        accepted = [text for part, (_, fate) in zip(texts, calls, strict=True) if fate == "wait" for text in part]
        assert sorted(gate.computed) == sorted(["first", *accepted])

    asyncio.run(scenario())
