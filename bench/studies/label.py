"""What `questiontopic label` does with a million rows: its rate and memory, and whether kill -9 leaves a trace.

PYTHONPATH=bench python -m studies.label --questions FILE [--rows 1000000] [--keep FOLDER]

The questions are repeated until the CSV file has its rows. The command labels the file once without a stop, and
once killed by kill -9 at a third and at two thirds of its output and resumed. Before and after the first of these the
server's own batch rate is measured: the load generator sends the questions in calls of 64, four at a time. (It asks for
coarse topics, and the command for both levels.) Memory is the most that was resident in one run of the command. Server
and command share all CPUs, unless --apart gives each a half.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice, zip_longest
from pathlib import Path
from statistics import fmean

from compare.cpus import describe_machine, half_of_cpus, machine_line, on_cpus
from compare.load import LoadGenerator, write_requests
from compare.markdown import table
from compare.options import add_apart, add_questions, parser_for, read_questions
from compare.servers import OUR_SERVER

_TEXTS_PER_CALL, _IN_FLIGHT = 64, 4  # Those of the command.
_RATE_SECONDS = 20.0
_POLL_SECONDS = 0.02
# Prints the most memory that was resident, which the system keeps only until the process ends.
_PROGRAM = """
import sys
from questiontopic.command import main
code = main()
with open("/proc/self/status") as status:
    print(*(int(line.split()[1]) / 1000 for line in status if line.startswith("VmHWM:")))
sys.exit(code)
"""


@dataclass(frozen=True)
class _Run:
    seconds: float
    memory_mb: float


def main() -> None:
    """Reads the command line and prints the table."""
    parser = parser_for(__doc__)
    add_questions(parser)
    add_apart(parser, default=False)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="write the tables here and keep them")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = _measure(options, Path(folder), options.keep or Path(folder))
    print(f"{machine_line(describe_machine())}; {options.rows:,} rows\n\n{table(['', ''], rows)}")


def _measure(options: argparse.Namespace, scratch: Path, tables: Path) -> list[list[str]]:
    questions = read_questions(options.questions)
    source, whole, killed = (tables / f"{name}.csv" for name in ("questions", "undisturbed", "killed"))
    for output in (whole, killed):
        output.unlink(missing_ok=True)
    with source.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "question"])
        writer.writerows(enumerate(islice(cycle(questions), options.rows), 1))
    started = OUR_SERVER.started(options.bundle, options.environments, scratch)
    with on_cpus(half_of_cpus() if options.apart else None, started) as server:
        generator = LoadGenerator(options.loadgen, server.url, scratch / "requests", connections=1)
        write_requests(generator.requests, OUR_SERVER.wire, questions, sizes=(_TEXTS_PER_CALL,))
        rates = [generator.closed(_IN_FLIGHT, _RATE_SECONDS).questions_per_second]
        address = server.url.partition("://")[2].partition("/")[0]
        command = [sys.executable, "-c", _PROGRAM, "label", "--address", address, str(source)]
        undisturbed = _finish(_start(command, whole))
        rates.append(generator.closed(_IN_FLIGHT, _RATE_SECONDS).questions_per_second)
        for share in (1, 2):
            process = _start(command, killed)
            _wait_for_size(process, killed, whole.stat().st_size * share // 3)
            process.kill()
            process.communicate()
        resumed = _finish(_start(command, killed))
    rate, server_rate = options.rows / undisturbed.seconds, fmean(rates)
    return [
        ["server's own batch rate, questions/s", f"{server_rate:,.0f}"],
        ["label, rows/s", f"{rate:,.0f}"],
        ["share of the server's rate", f"{rate / server_rate:.0%}"],
        ["label, MB", f"{undisturbed.memory_mb:.0f}"],
        ["last resumed run, MB", f"{resumed.memory_mb:.0f}"],
        ["last resumed run, seconds", f"{resumed.seconds:,.1f}"],
        ["rows that differ after two kills", f"{_differences(whole, killed):,}"],
    ]


def _start(command: Sequence[str], output: Path) -> subprocess.Popen[str]:
    arguments = [*command, "--output", str(output), "--resume", "--no-progress"]
    environment = {**os.environ, "QUESTIONTOPIC_ADDRESS": ""}
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def _finish(process: subprocess.Popen[str]) -> _Run:
    begin = time.monotonic()
    output, said = process.communicate()
    seconds = time.monotonic() - begin
    if process.returncode not in (0, 3):  # 3: some questions cannot be labelled.
        raise RuntimeError(f"label ended with exit code {process.returncode}: {said}")
    return _Run(seconds, float(output))


def _wait_for_size(process: subprocess.Popen[str], output: Path, size: int) -> None:
    while not (output.exists() and output.stat().st_size >= size):
        if process.poll() is not None:
            raise RuntimeError(f"label ended before it was killed: {process.communicate()[1]}")
        time.sleep(_POLL_SECONDS)


def _differences(one: Path, other: Path) -> int:
    with one.open("rb") as lines, other.open("rb") as others:
        return sum(a != b for a, b in zip_longest(lines, others))


if __name__ == "__main__":
    main()
