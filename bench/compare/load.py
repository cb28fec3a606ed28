"""The load generator: which requests it sends, how it is run, and what it found."""

from __future__ import annotations

import json
import random
import struct
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from compare.protocols import WireFormat

CONNECTIONS = 8
_EXTRA_SECONDS = 120.0  # The load generator ends this long after the load, at the latest.


def write_requests(
    path: Path, wire: WireFormat, questions: Sequence[str], sizes: Sequence[int] = (1,), seed: int = 0
) -> None:
    """Writes requests that ask all the questions in order; the seed decides the order of the sizes."""
    order = random.Random(seed)
    start = 0
    with path.open("wb") as file:
        while start < len(questions):
            texts = questions[start : start + order.choice(sizes)]
            body = wire.encode(texts)
            file.write(struct.pack("<II", len(texts), len(body)) + body)
            start += len(texts)


@dataclass(frozen=True)
class LoadResult:
    """The load generator's output; bench/loadgen/results.go describes the fields."""

    connect_seconds: float
    seconds: float
    outcomes: Mapping[str, int]
    messages: Mapping[str, str]
    hints: int
    late: int
    questions: int
    cpu_seconds: float
    latency_ms: Mapping[str, float]

    @property
    def questions_per_second(self) -> float:
        """Questions that were answered in time."""
        return self.questions / self.seconds


@dataclass(frozen=True)
class LoadGenerator:
    """Sends the requests of one file to the server at one address."""

    program: Path
    url: str
    requests: Path
    connections: int = CONNECTIONS

    def closed(
        self, in_flight: int, seconds: float, max_calls: int | None = None, deadline_seconds: float = 30.0
    ) -> LoadResult:
        """Keeps so many calls in flight, until the time is over or `max_calls` were started."""
        calls = [] if max_calls is None else [f"-calls={max_calls}"]
        return self._run([f"-in-flight={in_flight}", *calls], seconds, deadline_seconds)

    def open(
        self, calls_per_second: float, seconds: float, deadline_seconds: float = 30.0, throttle: bool = False
    ) -> LoadResult:
        """Starts calls at random times, whether earlier calls have ended or not."""
        return self._run(
            [f"-rate={calls_per_second:.1f}", *(["-throttle"] if throttle else [])], seconds, deadline_seconds
        )

    def _run(self, shape: Sequence[str], seconds: float, deadline_seconds: float) -> LoadResult:
        command = [str(self.program), f"-target={self.url}", f"-requests={self.requests}", *shape]
        command += [f"-connections={self.connections}", f"-duration={seconds}s", f"-timeout={deadline_seconds}s"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + _EXTRA_SECONDS)
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        return LoadResult(**json.loads(done.stdout))
