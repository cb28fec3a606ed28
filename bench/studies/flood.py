"""A flood: calls that start ten times as fast as a server can answer them, and the server's memory meanwhile."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from compare.load import LoadGenerator, LoadResult
from compare.server_process import ServerProcess

IN_FLIGHT = 64  # Single questions in flight when the capacity is measured.
_FACTOR = 10.0
_DEADLINE_SECONDS = 2.0
_WARM_SECONDS = 3.0
_CAPACITY_SECONDS = 5.0
_AFTER_SECONDS = 2.0
_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Flood:
    """What was measured."""

    flood: LoadResult
    capacity: float
    """Single questions a second with 64 in flight, the mean of before and after the flood."""
    first_after: float
    """The same in the two seconds after the last call of the flood has ended, the time to connect included."""
    next_after: float
    """The same in the two seconds after that."""
    max_memory_mb: float
    """In the flood and the four seconds after it."""
    settled_memory_mb: float
    """When the server has had time to give memory back."""

    @property
    def goodput(self) -> float:
        """Questions that were answered before their deadline, as a share of the capacity."""
        return self.flood.questions_per_second / self.capacity


def flood(
    server: ServerProcess,
    usual: LoadGenerator,
    flooding: LoadGenerator,
    seconds: float,
    settle_seconds: float,
    throttle: bool = False,
) -> Flood:
    """Measures the capacity with the usual load generator, then lets the other one send the flood."""
    warm = min(seconds, _WARM_SECONDS)
    usual.closed(IN_FLIGHT, warm)
    before = usual.closed(IN_FLIGHT, min(seconds, _CAPACITY_SECONDS)).questions_per_second
    with MemoryWatch(server) as memory:
        found = flooding.open(_FACTOR * before, seconds, _DEADLINE_SECONDS, throttle)
        ended = time.monotonic()
        first = usual.closed(IN_FLIGHT, _AFTER_SECONDS)
        first_after = first.questions / (first.connect_seconds + first.seconds)
        next_after = usual.closed(IN_FLIGHT, _AFTER_SECONDS).questions_per_second
    again = usual.closed(IN_FLIGHT, min(seconds, _CAPACITY_SECONDS)).questions_per_second
    time.sleep(max(0.0, ended + settle_seconds - time.monotonic()))
    return Flood(found, (before + again) / 2, first_after, next_after, memory.max_mb, server.memory_mb())


class MemoryWatch:
    """Reads a server's memory every half second, in a thread of its own, until the block ends."""

    def __init__(self, server: ServerProcess) -> None:
        self.max_mb = server.memory_mb()
        self._server, self._stop = server, threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._stop.wait(_POLL_SECONDS):
            self.max_mb = max(self.max_mb, self._server.memory_mb())

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
