"""The batcher alone: full queues, deadlines, and the estimate of the wait."""

from __future__ import annotations

import asyncio

import pytest
from batcher_gate import LARGE, Clock, Gate, batcher_of, blocked, experienced, queued, run

from questiontopic_server.errors import Expired, Overloaded


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
        assert (+batcher.unanswered.refused, +batcher.unanswered.dropped) == ({"queue_full": 1}, {"cancelled": 1})

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
        assert +batcher.unanswered.dropped == {"expired": 1}

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
