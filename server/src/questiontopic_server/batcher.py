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
Batch = dict["_Call[T]", slice]  # Which of each call's texts.

_SMOOTHING = 0.2  # Weight of the newest batch in the running estimate of the time per text.
_MOST_GROWTH = 2.0  # Of that estimate by one batch: a process that was frozen for once must not count for long.
_LEAST_RETRY = 0.05  # Seconds.


class FunctionEnded(Exception):
    """A function cannot compute any more."""


class _Call(Generic[T]):
    """One accepted call: its texts, how many of them have been taken into batches, and its answers so far."""

    def __init__(self, texts: Sequence[str], deadline: float, future: asyncio.Future[list[T]]) -> None:
        self.texts, self.deadline, self.future = texts, deadline, future
        self.taken = 0
        self._answers: dict[int, Sequence[T]] = {}  # By the place of the first one's text.
        self._missing = len(texts)

    @property
    def left(self) -> int:
        return len(self.texts) - self.taken

    def answer(self, start: int, answers: Sequence[T]) -> None:
        """Parts come in any order: functions are not equally fast."""
        self._answers[start] = answers
        self._missing -= len(answers)
        if not self._missing and not self.future.done():
            self.future.set_result([answer for _, part in sorted(self._answers.items()) for answer in part])

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
        """Computes batches until it is cancelled or `compute` raises FunctionEnded, which it raises too.

        The calls of that batch fail with NotServing, and so does what still waits when the last of these has ended.
        """
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

    def _form_batch(self, now: float) -> Batch[T]:
        """Takes the next batch from the queue."""
        batch: Batch[T] = {}
        room = self._max_batch
        while room and self._queue:
            call, _ = self._queue.popitem(last=False)
            if call.future.done() or self._is_late(call, now, behind=bool(batch)):
                self._waiting -= call.left
                call.taken = len(call.texts)
                continue
            count = min(self._turn, call.left, room)
            start = batch[call].start if call in batch else call.taken  # All turns of a call lie side by side.
            call.taken += count
            batch[call] = slice(start, call.taken)
            room -= count
            self._waiting -= count
            if call.left:
                self._queue[call] = None
        return batch

    def _is_late(self, call: _Call[T], now: float, *, behind: bool) -> bool:
        """Fails a call that has expired or, `behind` others of its batch, cannot be answered in time."""
        if call.deadline > now + (self._seconds_per_text if behind else 0):
            return False
        self.dropped["expired in the queue"] += 1
        call.fail(Expired("the deadline passed in the queue"))
        return True

    async def _answer(self, compute: Compute[T], batch: Batch[T]) -> None:
        try:
            answers = await self._run(compute, [text for call, part in batch.items() for text in call.texts[part]])
        except FunctionEnded:
            for call in batch:
                call.fail(NotServing("the model has ended"))
            raise
        except Exception as error:  # noqa: BLE001 - one call's poison must not fail its neighbours
            if len(batch) == 1:
                next(iter(batch)).fail(error)
                return
            for call, part in batch.items():
                if not call.future.done():
                    await self._answer(compute, {call: part})
            return
        first = 0
        for call, part in batch.items():
            length = part.stop - part.start
            call.answer(part.start, answers[first : first + length])
            first += length

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
            self._seconds_per_text = known + _SMOOTHING * (min(newest, _MOST_GROWTH * known) - known)

    def _leave(self, call: _Call[T]) -> None:
        if self._queue.pop(call, self) is None:
            if call.future.cancelled():
                self.dropped["cancelled"] += 1
            self._waiting -= call.left
