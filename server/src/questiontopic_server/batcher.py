"""The batcher: a bounded queue in front of one slow function or several, and the batches that they take from it.

There is no timer: whatever waits when a function becomes free is its next batch, so a lone call never waits for
company, and the busier the server the larger its batches. Calls take turns a few texts at a time, so a large call
cannot hold up small ones. What is cancelled, has expired or cannot be answered in time leaves the queue without being
computed. It knows neither gRPC nor the model.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from .errors import Expired, NotServing, Overloaded

T = TypeVar("T")
Compute = Callable[[Sequence[str]], Awaitable[Sequence[T]]]

_SMOOTHING = 0.2  # Weight of the newest batch in the running estimate of the time per text.
_LEAST_RETRY = 0.05  # Seconds.


class _Call(Generic[T]):
    """One accepted call: its texts, how many of them have been taken into batches, and its answers so far."""

    def __init__(self, texts: Sequence[str], deadline: float, future: asyncio.Future[list[T]]) -> None:
        self.texts, self.deadline, self.future = texts, deadline, future
        self.taken = 0
        self.answers: list[T] = []

    @property
    def left(self) -> int:
        return len(self.texts) - self.taken

    def answer(self, answers: Sequence[T]) -> None:
        self.answers.extend(answers)
        if len(self.answers) == len(self.texts) and not self.future.done():
            self.future.set_result(self.answers)

    def fail(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class Batcher(Generic[T]):
    """Answers calls of one or more texts through functions that give one answer per text, in order.

    The owner runs `run(compute)` as a task for each function; each computes one batch of at most `max_batch` texts at a
    time. At most `max_queue` texts wait. `turn` is how many texts a call may put into a batch before the next call's
    turn. `dropped` counts the calls that were not computed to their end, by reason.
    """

    def __init__(self, *, max_batch: int, max_queue: int, turn: int = 16) -> None:
        self._max_batch, self._max_queue, self._turn = max_batch, max_queue, turn
        self._queue: OrderedDict[_Call[T], None] = OrderedDict()
        self._waiting = 0  # Texts in the queue.
        self._computing = 0  # Texts in the batches that are being computed.
        self._functions = 0
        self._seconds_per_text = 0.0
        self._filled = asyncio.Event()
        self.dropped: Counter[str] = Counter()

    async def predict(self, texts: Sequence[str], deadline: float = math.inf) -> list[T]:
        """The texts' answers, in order.

        `deadline` is a time of the event loop's clock. Raises Overloaded if the queue is full or the deadline cannot be
        met, Expired if it passes in the queue, and whatever `compute` raises for these texts. Cancelling it takes the
        call out of the queue and touches no other.
        """
        loop = asyncio.get_running_loop()
        self._admit(len(texts), deadline - loop.time())
        call = _Call[T](texts, deadline, loop.create_future())
        self._queue[call] = None
        self._waiting += call.left
        self._filled.set()
        try:
            return await call.future
        finally:
            self._leave(call)

    async def run(self, compute: Compute[T]) -> None:
        """Computes batches for ever; what still waits when the last of these is cancelled fails with NotServing."""
        self._functions += 1
        try:
            while True:
                await self._filled.wait()
                if batch := self._form_batch(asyncio.get_running_loop().time()):
                    await self._answer(compute, batch)
                if not self._queue:
                    self._filled.clear()
        finally:
            self._functions -= 1
            if not self._functions:
                for call in list(self._queue):
                    call.fail(NotServing("the server is shutting down"))

    def _admit(self, texts: int, seconds_left: float) -> None:
        wait = (self._waiting + self._computing) * self._seconds_per_text / max(self._functions, 1)
        if seconds_left <= 0:
            self.dropped["expired on arrival"] += 1
            raise Expired("the deadline has passed")
        if self._waiting + texts > self._max_queue:
            self.dropped["queue full"] += 1
            raise Overloaded("the queue is full", max(wait, _LEAST_RETRY))
        if wait > seconds_left:
            self.dropped["deadline cannot be met"] += 1
            message = f"the deadline cannot be met: about {wait:.3f} s of work wait, {seconds_left:.3f} s are left"
            raise Overloaded(message, max(wait - seconds_left, _LEAST_RETRY))

    def _form_batch(self, now: float) -> dict[_Call[T], int]:
        """Takes the next batch from the queue: calls, and how many texts of each."""
        batch: dict[_Call[T], int] = {}
        room = self._max_batch
        while room and self._queue:
            call, _ = self._queue.popitem(last=False)
            if call.deadline <= now + self._seconds_per_text:
                self.dropped["expired in the queue"] += 1
                call.fail(Expired("the deadline passed in the queue"))
                self._waiting -= call.left
                call.taken = len(call.texts)
                continue
            count = min(self._turn, call.left, room)
            batch[call] = batch.get(call, 0) + count
            call.taken += count
            room -= count
            self._waiting -= count
            if call.left:
                self._queue[call] = None
        return batch

    async def _answer(self, compute: Compute[T], batch: dict[_Call[T], int]) -> None:
        parts = {call: call.texts[call.taken - count : call.taken] for call, count in batch.items()}
        try:
            answers = await self._run(compute, [text for part in parts.values() for text in part])
        except Exception as error:  # noqa: BLE001 - one call's poison must not fail its neighbours
            if len(parts) == 1:
                next(iter(parts)).fail(error)
                return
            for call, count in batch.items():
                if not call.future.done():
                    await self._answer(compute, {call: count})
            return
        start = 0
        for call, part in parts.items():
            call.answer(answers[start : start + len(part)])
            start += len(part)

    async def _run(self, compute: Compute[T], texts: Sequence[str]) -> Sequence[T]:
        loop = asyncio.get_running_loop()
        started = loop.time()
        self._computing += len(texts)
        try:
            return await compute(texts)
        finally:
            self._computing -= len(texts)
            newest = (loop.time() - started) / len(texts)
            known = self._seconds_per_text or newest
            self._seconds_per_text = known + _SMOOTHING * (newest - known)

    def _leave(self, call: _Call[T]) -> None:
        if self._queue.pop(call, self) is None:
            if call.future.cancelled():
                self.dropped["cancelled"] += 1
            self._waiting -= call.left
