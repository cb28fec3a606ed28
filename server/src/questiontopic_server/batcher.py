"""A bounded queue in front of one slow function, and the batches that the function computes.

There is no timer. A call that finds the function idle is computed at once, alone. Whatever waits when a batch ends is
the next batch, so batches grow with the load. A second batch starts beside another one only if it is full: half
batches side by side cost more than one full batch, and compete for the interpreter's lock.

Half of each batch is for calls of few texts while large calls wait too, and the other half is for the large calls, the
oldest first. So a large call cannot hold up small ones, and many large calls cannot delay each other until all expire.

Calls that are cancelled, that have expired, or that cannot be answered in time leave the queue without being computed.
This module knows neither gRPC nor the model.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from .errors import CallError, Expired, Overloaded
from .queue import Call, Part, Queue, Timing

T = TypeVar("T")
# Gets the texts of a batch, and the timings of the calls that they belong to.
Compute = Callable[[Sequence[str], Sequence[Timing]], Awaitable[Sequence[T]]]

_MIN_RETRY = 0.05  # Seconds. The shortest time after which a refused caller is asked to come again.
_SMOOTHING = 0.2  # The weight of the newest batch in the running estimate of the seconds for each unit of work.
_MAX_GROWTH = 2.0  # The largest factor by which one batch may raise that estimate, so that one stall does not count.


class Unanswered:
    """Calls without an answer, counted by reason. Every reason is there from the start."""

    def __init__(self) -> None:
        # Calls that were not let into the queue, and accepted ones.
        self.refused = Counter(dict.fromkeys(("queue_full", "too_late", "expired"), 0))
        self.dropped = Counter(dict.fromkeys(("too_late", "expired", "cancelled", "failed"), 0))


@dataclass(frozen=True)
class Limits:
    """Bounds of a Batcher."""

    side_by_side: int  # The largest number of batches that are computed at the same time.
    max_batch: int  # The work in a batch; the last text may go beyond it.
    max_queue: int  # Texts that wait.
    max_calls: int  # Calls that wait.


class Batcher(Generic[T]):
    """Answers calls of one or more texts through `compute`, which gives one answer for each text, in order.

    `weigh` tells how much work a text is, at least 1, in any unit. The work bounds the batches, so that long texts do
    not make them slower than short ones, and the wait is estimated by it.
    `unanswered` counts the calls that got no answer.
    """

    def __init__(
        self, compute: Compute[T], weigh: Callable[[str], int], limits: Limits, unanswered: Unanswered | None = None
    ) -> None:
        self._compute, self._weigh, self._limits = compute, weigh, limits
        self._queue: Queue[T] = Queue()
        self._running: set[asyncio.Task[None]] = set()
        self._work_running = 0
        self._seconds_per_work = 0.0
        self.unanswered = unanswered or Unanswered()

    @property
    def waiting_texts(self) -> int:
        """How many texts wait now."""
        return self._queue.texts

    async def predict(self, texts: Sequence[str], deadline: float = math.inf, timing: Timing | None = None) -> list[T]:
        """The answers to the texts, in order.

        `deadline` is a time of the event loop's clock. `timing` is filled with what this call waited for, and is
        passed on to `compute`. Raises Overloaded if the queue is full or the deadline cannot be met, Expired if the
        deadline passes first, and what `compute` raises for these texts. Cancelling this coroutine takes the call out
        of the queue and touches no other call.
        """
        loop = asyncio.get_running_loop()
        timing = timing or Timing()
        timing.arrived = time.monotonic()  # The event loop's own clock has whole milliseconds only.
        call = Call[T](texts, list(map(self._weigh, texts)), deadline, loop.create_future(), timing)
        self._admit(call, loop.time())
        timer = None if deadline == math.inf else loop.call_at(deadline, self._drop, call, "expired", Expired())
        self._queue.push(call)
        self._start()
        try:
            return await call.answered
        except asyncio.CancelledError:
            self.unanswered.dropped["cancelled"] += 1
            raise
        finally:
            timing.ended = time.monotonic()
            if timer:
                timer.cancel()
            self._queue.remove(call)

    def _admit(self, call: Call[T], now: float) -> None:
        """Raises an error if the call must not join the queue."""
        wait = self._seconds(self._work_running + self._queue.work_ahead(call)) / self._limits.side_by_side
        if call.deadline <= now:
            self._refuse("expired", Expired())
        if len(self._queue) >= self._limits.max_calls or self._queue.texts + len(call.texts) > self._limits.max_queue:
            self._refuse("queue_full", Overloaded("the queue is full", max(wait, _MIN_RETRY)))
        if now + wait > call.deadline:
            self._refuse("too_late", _late(wait, call.deadline - now))

    def _refuse(self, reason: str, error: CallError) -> None:
        self.unanswered.refused[reason] += 1
        raise error

    def _drop(self, call: Call[T], reason: str, error: Exception) -> None:
        if not call.answered.done():
            self.unanswered.dropped[reason] += 1
            call.fail(error)
        self._queue.remove(call)

    def _start(self) -> None:
        """Starts as many batches as may run now."""
        while self._queue.texts and len(self._running) < self._limits.side_by_side:
            if self._running and self._queue.work < self._limits.max_batch:
                return
            if batch := self._form():
                task = asyncio.get_running_loop().create_task(self._run(batch))
                self._running.add(task)
                task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._start()

    def _form(self) -> list[Part[T]]:
        """Takes a batch from the queue. Calls that can no longer be answered in time are dropped meanwhile."""
        now, work = asyncio.get_running_loop().time(), 0
        batch: list[Part[T]] = []
        for part in self._queue.take(self._limits.max_batch):
            # The first call of a batch is always tried: the estimate may be too high, and only a batch corrects it.
            needed = self._seconds(work + part.work + part.call.remaining_work) if batch else 0.0
            if now + needed > part.call.deadline:
                self._drop(part.call, "too_late", _late(needed, part.call.deadline - now))
            else:
                batch.append(part)
                part.call.timing.begun = part.call.timing.begun or time.monotonic()
                work += part.work
        return batch

    async def _run(self, batch: Sequence[Part[T]]) -> None:
        """Computes a batch. If that fails, each call is tried alone, so that one bad text fails its own call only."""
        try:
            answers = await self._timed(batch)
        except Exception as error:  # noqa: BLE001 - whatever compute raises belongs to the callers
            if len(batch) == 1:
                self._drop(batch[0].call, "failed", error)
                return
            for part in batch:
                if not part.call.answered.done():
                    await self._run([part])
            return
        for part in batch:
            part.call.answer(part.start, answers[: len(part)])
            answers = answers[len(part) :]

    async def _timed(self, batch: Sequence[Part[T]]) -> Sequence[T]:
        """The answers to a batch. How long they take goes into the estimate."""
        loop, work = asyncio.get_running_loop(), sum(part.work for part in batch)
        self._work_running += work
        started = loop.time()
        try:
            return await self._compute([text for part in batch for text in part.texts], [p.call.timing for p in batch])
        finally:
            self._work_running -= work
            newest = (loop.time() - started) / work
            known = self._seconds_per_work or newest
            self._seconds_per_work = known + _SMOOTHING * (min(newest, _MAX_GROWTH * known) - known)

    def _seconds(self, work: float) -> float:
        return work * self._seconds_per_work


def _late(wait: float, remaining: float) -> Overloaded:
    message = f"the deadline cannot be met: about {wait:.3f} s of work wait, {remaining:.3f} s remain"
    return Overloaded(message, max(wait - remaining, _MIN_RETRY))
