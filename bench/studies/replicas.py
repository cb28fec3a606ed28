"""What more replicas bring: servers with a quarter of a CPU each, in containers, one of them and four.

PYTHONPATH=bench python -m studies.replicas --questions FILE [--image question-topic] [--rounds 5] [--cpus 0.25]

A load generator in a container of the image BASE_IMAGE asks through the project's Go client, which balances over the
replicas: 32 questions a call, four calls in flight for each replica. In each round one and four replicas take turns.
The table has medians over the rounds. The last line says how long a replica takes from its start until it serves.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from compare.cpus import describe_machine, machine_line
from compare.load import write_requests
from compare.markdown import table
from compare.options import add_questions, parser_for, read_questions
from compare.servers import OUR_SERVER

_NUMBERS = (1, 4)
_TEXTS_PER_CALL, _IN_FLIGHT = 32, 4
_SECONDS = 10
_READY_SECONDS = 60.0


def main() -> None:
    """Reads the command line and prints the table."""
    parser = parser_for(__doc__)
    add_questions(parser)
    parser.add_argument("--image", default="question-topic")
    parser.add_argument("--cpus", type=float, default=0.25, help="of each replica")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rates: dict[int, list[float]] = {number: [] for number in _NUMBERS}
    starts: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        requests = Path(folder) / "requests"
        write_requests(requests, OUR_SERVER.wire, read_questions(options.questions), [_TEXTS_PER_CALL])
        for _ in range(options.rounds):
            for number in _NUMBERS:
                with _replicas(options, number, starts) as network:
                    _rate(options, network, requests, number)  # Fills the caches.
                    rates[number].append(_rate(options, network, requests, number))
    one = statistics.median(rates[1])
    ratios = {number: statistics.median(map(float.__truediv__, rates[number], rates[1])) for number in _NUMBERS}
    rows = [[str(number), f"{statistics.median(rates[number]):,.0f}", f"{ratios[number]:.2f}"] for number in _NUMBERS]
    print(f"{machine_line(describe_machine())}\n\n{table(['replicas', 'questions/s', 'of one'], rows)}\n")
    print(f"{options.cpus:g} CPUs each, {one / options.cpus:,.0f} questions per CPU-second; from start to serving")
    print(f"{statistics.median(starts):.1f} s (median of {len(starts)}, at most {max(starts):.1f} s)")


@contextmanager
def _replicas(options: argparse.Namespace, number: int, starts: list[float]) -> Iterator[str]:
    """The network of so many replicas, all under the name `server`, once they serve."""
    network = f"replicas-{uuid.uuid4().hex[:8]}"
    _docker("network", "create", "--internal", network)
    containers: list[str] = []
    try:
        for _ in range(number):
            # Kubernetes' probes use no CPU of the pod.
            place = ["--network", network, "--network-alias", "server", "--no-healthcheck", f"--cpus={options.cpus}"]
            began = time.monotonic()
            containers.append(_docker("run", "--detach", "--read-only", *place, options.image, "--port", "50051"))
            _wait_until_serving(containers[-1])
            starts.append(time.monotonic() - began)
        yield network
    finally:
        for container in containers:
            _docker("rm", "--force", container)
        _docker("network", "rm", network)


def _wait_until_serving(container: str) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    command = ["docker", "logs", container]
    while "serving " not in subprocess.run(command, capture_output=True, text=True, check=True).stderr:
        if time.monotonic() > deadline:
            raise TimeoutError(f"not serving after {_READY_SECONDS:g} s")
        time.sleep(0.05)


def _rate(options: argparse.Namespace, network: str, requests: Path, number: int) -> float:
    """Questions per second that are answered."""
    files = [f"--volume={options.loadgen.resolve()}:/loadgen:ro", f"--volume={requests}:/requests:ro"]
    load = ["-target=client://server:50051", "-requests=/requests", f"-in-flight={_IN_FLIGHT * number}"]
    place = [f"--network={network}", *files, os.environ["BASE_IMAGE"]]
    found = json.loads(_docker("run", "--rm", *place, "/loadgen", *load, f"-duration={_SECONDS}s"))
    if set(found["outcomes"]) != {"OK"}:
        raise RuntimeError(f"calls failed: {found['messages']}")
    return float(found["questions"] / found["seconds"])


def _docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"docker {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()


if __name__ == "__main__":
    main()
