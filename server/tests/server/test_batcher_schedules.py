"""The batcher alone, under random schedules."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace

from batcher_gate import LIMITS, Clock, Gate, batcher_of, blocked, queued, run, texts_of
from hypothesis import given, settings
from hypothesis import strategies as st

from questiontopic_server.batcher import Batcher
from questiontopic_server.errors import Expired, Overloaded
from questiontopic_server.queue import Timing


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

        async def compute(texts: Sequence[str], _: Sequence[Timing]) -> list[str]:
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
