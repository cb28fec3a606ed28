"""The calls that wait, and the order in which their texts are taken into batches."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

_MAX_SMALL = 16  # Texts. A call of more texts is a large one.


@dataclass(slots=True, kw_only=True)
class Timing:
    """When a call arrived, when its first batch began and when it ended, by `time.monotonic`; 0 before that."""

    arrived: float = 0.0
    begun: float = 0.0
    ended: float = 0.0

    @property
    def queue_seconds(self) -> float:
        """How long the call waited until its first batch began, or until it ended without one."""
        return (self.begun or self.ended) - self.arrived

    @property
    def compute_seconds(self) -> float:
        """How long its batches took, with what it waited between them; 0 if it had none."""
        return self.ended - self.begun if self.begun else 0.0


class Call(Generic[T]):
    """One accepted call: its texts, how many of them were taken into batches, and its answers so far.

    `work` has the work of each text, in any unit. `deadline` is a time of the event loop's clock.
    """

    def __init__(
        self,
        texts: Sequence[str],
        work: Sequence[int],
        deadline: float,
        answered: asyncio.Future[list[T]],
        timing: Timing,
    ) -> None:
        self.texts, self.work, self.deadline, self.answered, self.timing = texts, work, deadline, answered, timing
        self.taken = 0
        self._answers: dict[int, Sequence[T]] = {}  # By the index of the first text.
        self._missing = len(texts)

    @property
    def is_large(self) -> bool:
        """Whether the call must leave room for small ones."""
        return len(self.texts) > _MAX_SMALL

    @property
    def remaining(self) -> int:
        """How many texts were not taken yet."""
        return len(self.texts) - self.taken

    @property
    def remaining_work(self) -> int:
        """The work of the texts that were not taken yet."""
        return sum(self.work[self.taken :])

    def answer(self, start: int, answers: Sequence[T]) -> None:
        """Accepts the answers to the texts from index `start` on. Parts may come in any order."""
        self._answers[start] = answers
        self._missing -= len(answers)
        if not self._missing and not self.answered.done():
            self.answered.set_result([answer for _, part in sorted(self._answers.items()) for answer in part])

    def fail(self, error: Exception) -> None:
        """Ends the call with an error, unless it has ended."""
        if not self.answered.done():
            self.answered.set_exception(error)


class Part(Generic[T]):
    """Some texts of a call, side by side, that belong to one batch."""

    def __init__(self, call: Call[T], start: int, stop: int) -> None:
        self.call, self.start = call, start
        self.texts = call.texts[start:stop]
        self.work = sum(call.work[start:stop])

    def __len__(self) -> int:
        return len(self.texts)


class _Line(Generic[T]):
    """Calls in the order of their arrival, with the sums over them."""

    def __init__(self) -> None:
        self.calls: OrderedDict[Call[T], None] = OrderedDict()
        self.texts = 0
        self.work = 0

    def push(self, call: Call[T]) -> None:
        self.calls[call] = None
        self.texts += call.remaining
        self.work += call.remaining_work

    def remove(self, call: Call[T]) -> None:
        if self.calls.pop(call, self) is None:
            self.texts -= call.remaining
            self.work -= call.remaining_work

    def take(self, room: int) -> Part[T]:
        """The next texts of the first call, until the room is filled. The call leaves the line with its last text."""
        call = next(iter(self.calls))
        start = stop = call.taken
        while stop < len(call.texts) and room > 0:
            room -= call.work[stop]
            stop += 1
        part = Part(call, start, stop)
        self.texts -= len(part)
        self.work -= part.work
        call.taken = stop
        if not call.remaining:
            del self.calls[call]
        return part


class Queue(Generic[T]):
    """Small calls and large calls, each in the order of their arrival."""

    def __init__(self) -> None:
        self._small, self._large = _Line[T](), _Line[T]()

    def __len__(self) -> int:
        """How many calls wait."""
        return len(self._small.calls) + len(self._large.calls)

    @property
    def texts(self) -> int:
        """How many texts wait."""
        return self._small.texts + self._large.texts

    @property
    def work(self) -> int:
        """The work that waits."""
        return self._small.work + self._large.work

    def push(self, call: Call[T]) -> None:
        """Adds a call at the end of its line."""
        self._line(call).push(call)

    def remove(self, call: Call[T]) -> None:
        """Takes out what remains of a call, if the call is here."""
        self._line(call).remove(call)

    def take(self, room: int) -> Iterator[Part[T]]:
        """Parts that fill a room for so much work: half for small calls, half for large ones, if both wait.

        The last text may need more room than is left. If the loop over the parts ends a part's call, that part takes
        no room.
        """
        reserved = room - room // 2 if self._large.calls else 0
        for line, kept in ((self._small, reserved), (self._large, 0), (self._small, 0)):
            while line.calls and room > kept:
                part = line.take(room - kept)
                yield part
                if not part.call.answered.done():
                    room -= part.work

    def work_ahead(self, call: Call[T]) -> int:
        """The work that is done before a new call: all that waits, or for a small call what shares its batches."""
        if call.is_large:
            return self.work
        return self._small.work + min(self._small.work + sum(call.work), self._large.work)

    def _line(self, call: Call[T]) -> _Line[T]:
        return self._large if call.is_large else self._small
