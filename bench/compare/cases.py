"""The loads: what is sent, how much of it at a time, and which figure counts."""

from __future__ import annotations

import json
import random
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from protocols import Wire


@dataclass(frozen=True)
class Case:
    """Calls of `sizes` questions, in equal numbers of each; closed with `in_flight` calls, or open at a share of the
    calls a second that the case `of` reached."""

    name: str
    sizes: tuple[int, ...]
    in_flight: int = 0
    share: float = 0.0
    of: str = ""


CONNECTIONS = 8  # Of the load generator, unless it is told otherwise.
SINGLE_64 = "1 × 64"
BATCHED = Case("32 × 4", (32,), 4)
CASES = (
    Case("1 × 1", (1,), 1),
    Case("1 × 16", (1,), 16),
    Case(SINGLE_64, (1,), 64),
    BATCHED,
    Case("mixed", (1,) * 15 + (32,), 32),
    Case("open, 50 %", (1,), share=0.5, of=SINGLE_64),
    Case("open, 80 %", (1,), share=0.8, of=SINGLE_64),
)


def chosen(names: Sequence[str]) -> list[Case]:
    """The cases of these names and those that give their rates; all if none is named."""
    needed = {case.of for case in CASES if case.name in names}
    return [case for case in CASES if not names or case.name in names or case.name in needed]


def write_requests(path: Path, wire: Wire, questions: Sequence[str], sizes: Sequence[int], seed: int = 0) -> None:
    """Requests that ask all the questions in order, of the sizes in an order drawn by the seed: see loadgen."""
    order = random.Random(seed)
    start = 0
    with path.open("wb") as file:
        while start < len(questions):
            size = order.choice(sizes)
            body = wire.encode(questions[start : start + size])
            file.write(struct.pack("<II", len(questions[start : start + size]), len(body)) + body)
            start += size


def rate(found: dict[str, Any]) -> float:
    """Questions a second that were answered, of what the load generator printed."""
    return float(found["questions"] / found["seconds"])


def send(
    loadgen: Path,
    url: str,
    requests: Path,
    case: Case,
    calls_a_second: float,
    seconds: float,
    connections: int,
    deadline: float = 30.0,
    more: Sequence[str] = (),
) -> dict[str, Any]:
    """Runs the load generator; what it printed.

    Open loads over gRPC are bare frames, unless `more` is a client's option: a client costs the more the more calls
    wait, so that on the server's own CPUs a queue that a disturbance has left might never end.
    """
    shape = [f"-in-flight={case.in_flight}"]
    if case.share:
        bare = ["-bare"] if url.startswith("grpc:") and not more else []
        shape = [f"-rate={case.share * calls_a_second:.1f}", *bare]
    command = [str(loadgen), f"-target={url}", f"-requests={requests}", f"-connections={connections}", *shape]
    done = subprocess.run(
        [*command, *more, f"-duration={seconds}s", f"-timeout={deadline}s", "-warm-up=0s"],
        capture_output=True,
        text=True,
        timeout=seconds + 120,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    found: dict[str, Any] = json.loads(done.stdout)
    return found
