"""What a server does with more calls than it can answer: 2,000 at once, then ten times its capacity for 30 seconds.

PYTHONPATH=bench python -m studies.overload --questions FILE [--connections 8,200] [--only NAME,…] [--beside NAME=…]

First 2,000 calls start at once. Then the capacity is measured: single questions, 64 in flight over eight connections.
In the flood, calls with a deadline of two seconds start at random times, whatever the server answers. A real client
makes them (grpc-go), over the number of connections that --connections gives; it keeps as many calls open as wait.
With --throttle this client is our Go client with its throttle, which holds calls back while the server refuses many.

Goodput is the questions that were answered before their deadline, as a share of the capacity. "2 s after" is the rate
of the usual load in the two seconds after the last call of the flood has ended, the time to connect included, as a
share of the capacity; "next 2 s" is the rate in the two seconds after that. Server and load generator have CPUs of
their own, because on the same CPUs the flood would cost the server its CPU time. "Generator" is the CPU time that the
load generator used in the flood, as a share of its CPUs: at 100 % the calls start late, and some expire before they
are sent.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from compare.cpus import describe_machine, half_of_cpus, machine_line, on_cpus
from compare.load import CONNECTIONS, LoadGenerator, LoadResult, write_requests
from compare.markdown import table
from compare.options import add_apart, add_questions, add_servers, chosen_servers, parser_for, read_questions
from compare.server_process import ServerError
from compare.servers import Server
from studies.flood import Flood, flood

_AT_ONCE = 2_000
_AT_ONCE_SECONDS = 60.0
_HEAD = ["server", "connections", "capacity, questions/s", "goodput", "2 s after", "next 2 s", "late answers"]
_HEAD += ["generator", "memory before, MB", "max", "settled"]


def main() -> None:
    """Reads the command line and prints the tables."""
    parser = parser_for(__doc__)
    add_questions(parser)
    add_servers(parser)
    add_apart(parser, default=True)
    parser.add_argument("--connections", type=_numbers, default=[CONNECTIONS], metavar="N,…", help="of the flood")
    parser.add_argument("--seconds", type=float, default=30.0, help="of the flood")
    parser.add_argument("--settle", type=float, default=60.0, help="seconds from the flood to the last look at memory")
    parser.add_argument("--throttle", action="store_true", help="let the flood's client hold calls back")
    options = parser.parse_args()
    figures: list[list[str]] = []
    outcomes: list[list[str]] = []
    for server in chosen_servers(options):
        for connections in options.connections:
            start = [server.name, str(connections)]
            try:
                found = _measure(server, connections, options)
            except (ServerError, RuntimeError) as error:
                outcomes.append([*start, "failed", str(error).replace("\n", " "), ""])
                continue
            figures.append([*start, *found.cells()])
            for phase, result in (("2,000 at once", found.at_once), ("flood", found.flood.flood)):
                outcomes += [[*start, phase, *row] for row in outcome_rows(result)]
    print(f"{machine_line(describe_machine())}\n\n{table(_HEAD, figures)}\n")
    print(table(["server", "connections", "calls", "status", "number", "message"], outcomes))


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


@dataclass(frozen=True)
class _Found:
    at_once: LoadResult
    flood: Flood
    memory_before_mb: float
    generator_share: float

    def cells(self) -> list[str]:
        return [
            f"{self.flood.capacity:,.0f}",
            f"{self.flood.goodput:.2f}",
            f"{self.flood.first_after / self.flood.capacity:.2f}",
            f"{self.flood.next_after / self.flood.capacity:.2f}",
            f"{self.flood.flood.late:,}",
            f"{self.generator_share:.0%}",
            f"{self.memory_before_mb:.0f}",
            f"{self.flood.max_memory_mb:.0f}",
            f"{self.flood.settled_memory_mb:.0f}",
        ]


def _measure(server: Server, connections: int, options: argparse.Namespace) -> _Found:
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        started = server.started(options.bundle, options.environments, scratch)
        with on_cpus(half_of_cpus() if options.apart else None, started) as process:
            usual = LoadGenerator(options.loadgen, process.url, scratch / "requests")
            write_requests(usual.requests, server.wire, read_questions(options.questions))
            usual.closed(64, 1.0)
            flooding = replace(usual, connections=connections)
            at_once = flooding.closed(_AT_ONCE, _AT_ONCE_SECONDS, max_calls=_AT_ONCE)
            before = process.memory_mb()
            found = flood(process, usual, flooding, options.seconds, options.settle, options.throttle)
            cpus = len(os.sched_getaffinity(0))
            return _Found(at_once, found, before, found.flood.cpu_seconds / found.flood.seconds / cpus)


def outcome_rows(found: LoadResult) -> list[list[str]]:
    """Each status with its number of calls and one of its messages, the most frequent first."""
    rows = []
    for status, count in sorted(found.outcomes.items(), key=lambda one: -one[1]):
        message = found.messages.get(status, "").partition("desc = ")[2].replace("|", "/")
        if status == "RESOURCE_EXHAUSTED":
            message += f" ({found.hints / count:.0%} with RetryInfo)"
        rows.append([status, f"{count:,}", message])
    return rows


if __name__ == "__main__":
    main()
