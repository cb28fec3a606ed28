"""How much memory a server has after its start, after many questions, and after a flood.

PYTHONPATH=bench python -m studies.memory --questions FILE [--counts 20000,100000,200000] \\
    [--only NAME,…] [--beside NAME=…]

The questions are single ones, 64 in flight. The flood is that of `studies.overload`, over eight connections, and the
last figure is taken a minute after it. Resident memory in MB; "start" is the CPU time from the start of the command
until the server is SERVING, or has given its first answer if it has no health service.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from compare.cpus import describe_machine, half_of_cpus, machine_line, on_cpus
from compare.load import LoadGenerator, write_requests
from compare.markdown import table
from compare.options import add_apart, add_questions, add_servers, chosen_servers, parser_for, read_questions
from compare.servers import Server
from studies.flood import IN_FLIGHT, flood

_MIN_QUESTIONS_PER_SECOND = 50.0  # A slower server ends the study.


def main() -> None:
    """Reads the command line and prints the table."""
    parser = parser_for(__doc__)
    add_questions(parser)
    add_servers(parser)
    add_apart(parser, default=False)
    parser.add_argument("--counts", type=_counts, default=[20_000, 100_000, 200_000], metavar="N,…", help="questions")
    parser.add_argument("--seconds", type=float, default=30.0, help="of the flood; 0 for none")
    parser.add_argument("--settle", type=float, default=60.0, help="seconds from the flood to the last look at memory")
    options = parser.parse_args()
    rows = [[server.name, *_measure(server, options)] for server in chosen_servers(options)]
    head = ["server", "start, CPU-s", "SERVING, MB", *(f"{count:,} questions" for count in options.counts)]
    head += ["flood, max", f"{options.settle:.0f} s later"] if options.seconds else []
    print(f"{machine_line(describe_machine())}\n\n{table(head, rows)}")


def _counts(text: str) -> list[int]:
    return sorted(int(number) for number in text.split(","))


def _measure(server: Server, options: argparse.Namespace) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        started = server.started(options.bundle, options.environments, scratch)
        with on_cpus(half_of_cpus() if options.apart else None, started) as process:
            memory = [process.memory_mb()]
            generator = LoadGenerator(options.loadgen, process.url, scratch / "requests")
            write_requests(generator.requests, server.wire, read_questions(options.questions))
            asked = 0
            for count in options.counts:
                calls = count - asked
                found = generator.closed(IN_FLIGHT, calls / _MIN_QUESTIONS_PER_SECOND, max_calls=calls)
                if found.outcomes != {"OK": calls}:
                    raise RuntimeError(f"{server.name}: of {calls:,} calls, {found.outcomes}")
                asked = count
                memory.append(process.memory_mb())
            if options.seconds:
                flooded = flood(process, generator, generator, options.seconds, options.settle)
                memory += [flooded.max_memory_mb, flooded.settled_memory_mb]
            return [f"{process.ready_cpu_seconds:.2f}", *(f"{value:.0f}" for value in memory)]


if __name__ == "__main__":
    main()
