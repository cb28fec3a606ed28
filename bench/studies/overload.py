"""What each server does with more than it can take: 2,000 calls at once, then ten times its capacity for 30 s.

python bench/overload.py --questions FILE [--only NAME...] [--throttle]

Its capacity is what 64 calls in flight reach, the mean of before and after. The flood is an open loop: calls with a
deadline of two seconds start at random times whatever comes back, over gRPC as bare frames: so many calls of a real
client would take more CPU than there is. With --throttle they are a real client's, which holds calls back as our Go
client's `WithThrottle` does. Goodput is what is answered in time, as a share of the capacity; `after` is the rate in
the first second after the flood, again of 64 calls in flight. The server has the first half of the CPUs and the
generator the others: ten times what a server can take would cost it the CPUs that they share. `generator` is its share
of its CPUs in the flood; near 100 % it, not the server, would be measured.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
from pathlib import Path
from typing import Any

from cases import CONNECTIONS, Case, rate, send, write_requests
from contenders import CONTENDERS, Contender
from cpus import apart
from hosted import Hosted, HostedError
from options import add_only, add_questions, parser_for, read_questions

_AT_ONCE = 2_000
_FACTOR = 10.0
_SECONDS = {"capacity": 5.0, "at once": 10.0, "flood": 30.0, "after": 1.0, "capacity again": 5.0}
_DEADLINE_SECONDS = 2.0
_POLL_SECONDS = 0.5

Found = dict[str, dict[str, Any]]


def main() -> None:
    """Reads the command line, prints the table as Markdown."""
    parser = parser_for(__doc__)
    add_questions(parser)
    add_only(parser)
    parser.add_argument("--throttle", action="store_true", help="as our Go client's WithThrottle")
    options = parser.parse_args()
    head = ["server", "questions/s", "2,000 at once", "flood", "generator", "goodput", "after", "most memory, MB"]
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    for contender in CONTENDERS:
        if not options.only or contender.name in options.only:
            try:
                cells = _measured(contender, options)
            except (HostedError, RuntimeError) as error:
                cells = [f"failed: {error}"]
            print(f"| {' | '.join([contender.name, *cells])} |", flush=True)


def _measured(contender: Contender, options: argparse.Namespace) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        scratch, requests = Path(folder), Path(folder) / "requests"
        write_requests(requests, contender.wire, read_questions(options.questions)[:20_000], (1,))
        started = contender.started(options.bundle, options.environments, scratch)
        with apart(started) as server, _Memory(server) as memory:
            cpus = len(os.sched_getaffinity(0))
            found: Found = {}
            for name, case in _cases().items():
                calls_a_second = _FACTOR * rate(found["capacity"]) if case.share else 0.0
                if name == "capacity":
                    send(options.loadgen, server.address, requests, case, calls_a_second, 3.0, CONNECTIONS)  # Warm.
                deadline = _DEADLINE_SECONDS if case.share else 60.0
                more = ["-throttle"] if case.share and options.throttle else []
                shared = (options.loadgen, server.address, requests, case, calls_a_second, _SECONDS[name], CONNECTIONS)
                found[name] = send(*shared, deadline, more)
    capacity = (rate(found["capacity"]) + rate(found["capacity again"])) / 2
    return [
        f"{capacity:,.0f}",
        _outcomes(found["at once"]),
        _outcomes(found["flood"]),
        f"{found['flood']['cpu_seconds'] / _SECONDS['flood'] / cpus:.0%}",
        f"{rate(found['flood']) / capacity:.2f}",
        f"{rate(found['after']) / capacity:.2f}",
        f"{memory.most:.0f}",
    ]


def _cases() -> dict[str, Case]:
    """In order."""
    full = Case("full", (1,), 64)
    return {
        "capacity": full,
        "at once": Case("at once", (1,), _AT_ONCE),
        "flood": Case("flood", (1,), share=1.0),
        "after": full,
        "capacity again": full,
    }


def _outcomes(found: dict[str, Any]) -> str:
    """Each status with its share, and how many of the refusals say when to come again."""
    outcomes: dict[str, int] = found["outcomes"]
    total = sum(outcomes.values())
    shares = [f"{name} {count / total:.1%}" for name, count in sorted(outcomes.items(), key=lambda one: -one[1])]
    refused = outcomes.get("ResourceExhausted", 0)
    return ", ".join(shares) + (f" ({found['hints'] / refused:.0%} with a hint)" if refused else "")


class _Memory:
    """Watches a server's memory in a thread of its own; `most` in MB."""

    def __init__(self, server: Hosted) -> None:
        self._server, self._stop, self.most = server, threading.Event(), 0.0
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._stop.wait(_POLL_SECONDS):
            self.most = max(self.most, self._server.memory())

    def __enter__(self) -> _Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


if __name__ == "__main__":
    main()
