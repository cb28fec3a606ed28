"""A function that a test can hold and release, and a batcher in front of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any

from questiontopic_server.batcher import Batcher, Limits
from questiontopic_server.queue import Timing

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

    async def compute(self, texts: Sequence[str], _: Sequence[Timing]) -> list[str]:
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
