"""What the gateway does with ten times the calls that it can answer, and what it costs a question without a flood.

PYTHONPATH=bench python -m studies.gateway_flood --questions FILE [--gateway PROGRAM] [--connections 200]

The usual load, single questions with 64 in flight over eight connections of grpc-go, goes to a server and then to a
gateway before it. The latter is the capacity. The flood has calls with a deadline of two seconds that start ten times
as fast, at random times, over --connections connections to the gateway. Server and gateway have the first half of the
CPUs together, and the load generator has the other half. The columns are those of `studies.overload`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from compare.cpus import describe_machine, half_of_cpus, machine_line, on_cpus
from compare.load import LoadGenerator, write_requests
from compare.markdown import table
from compare.options import add_questions, parser_for, read_questions
from compare.server_process import ServerProcess, check_serving, free_port, run_server
from compare.servers import OUR_SERVER, ROOT
from studies.flood import IN_FLIGHT, flood
from studies.overload import outcome_rows

_SETTLE_SECONDS = 10.0
_HEAD = [
    "connections",
    "server alone, questions/s",
    "through the gateway",
    "p50, p99, ms",
    "gateway, CPU µs",
]
_HEAD += ["flood: goodput", "2 s after", "next 2 s", "late answers", "generator", "gateway's memory, most, MB"]


def main() -> None:
    """Reads the command line and prints the tables."""
    parser = parser_for(__doc__)
    add_questions(parser)
    parser.add_argument("--gateway", type=Path, default=ROOT / ".tools" / "gateway", help="the built gateway")
    parser.add_argument("--connections", type=int, default=200, help="of the flood")
    parser.add_argument("--seconds", type=float, default=30.0, help="of the flood")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        requests = scratch / "requests"
        write_requests(requests, OUR_SERVER.wire, read_questions(options.questions))
        with on_cpus(half_of_cpus(), _both(options, scratch)) as (server, gateway):
            alone = LoadGenerator(options.loadgen, server.url, requests)
            alone.closed(IN_FLIGHT, 3.0)
            direct = alone.closed(IN_FLIGHT, 5.0)
            usual = replace(alone, url=gateway.url)
            usual.closed(IN_FLIGHT, 3.0)
            before = gateway.cpu_seconds()
            through = usual.closed(IN_FLIGHT, 5.0)
            spent = gateway.cpu_seconds() - before
            flooding = replace(usual, connections=options.connections)
            found = flood(gateway, usual, flooding, options.seconds, _SETTLE_SECONDS)
            share = found.flood.cpu_seconds / found.flood.seconds / len(os.sched_getaffinity(0))
    row = [
        str(options.connections),
        f"{direct.questions_per_second:,.0f}",
        f"{found.capacity:,.0f}",
        f"{through.latency_ms['p50']:.0f}, {through.latency_ms['p99']:.0f}",
        f"{1e6 * spent / through.questions:.0f}",
        f"{found.goodput:.2f}",
        f"{found.first_after / found.capacity:.2f}",
        f"{found.next_after / found.capacity:.2f}",
        f"{found.flood.late:,}",
        f"{share:.0%}",
        f"{found.max_memory_mb:.0f}",
    ]
    print(f"{machine_line(describe_machine())}\n\n{table(_HEAD, [row])}\n")
    print(table(["status", "number", "message"], outcome_rows(found.flood)))


@contextlib.contextmanager
def _both(options: argparse.Namespace, scratch: Path) -> Iterator[tuple[ServerProcess, ServerProcess]]:
    """A server and a gateway before it."""
    with OUR_SERVER.started(options.bundle, options.environments, scratch) as server:
        backend, address = server.url.split("/")[2], f"127.0.0.1:{free_port()}"
        url = server.url.replace(backend, address)
        command = [str(options.gateway.resolve()), "--address", address, "--backend", backend]
        with run_server(command, {}, scratch, scratch / "gateway.txt", url, lambda: check_serving(url)) as gateway:
            yield server, gateway


if __name__ == "__main__":
    main()
