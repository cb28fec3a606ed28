"""Compares our server with those that people choose instead of it, all with the same bundle: see README.md.

python bench/compare.py --bundle models/usem3 --questions FILE --output bench/results.json

Rounds alternate: in each, every server is started anew, its answers are checked against the bundle's, and it gets every
load for a few seconds while no other server runs; every second round goes backwards. The figures of all rounds are
written; `report.py` makes the table and the plot. It fails if a server's answers differ, or ours errs; never on speed.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from cases import CASES, CONNECTIONS, Case, chosen, rate, send, write_requests
from contenders import CONTENDERS, OURS, ROOT, Contender, installed_mb
from cpus import apart
from hosted import Hosted, HostedError, ask
from options import add_only, add_questions, parser_for, read_questions
from protocols import Floats
from tqdm import tqdm

from questiontopic_model.bundle import read_bundle
from questiontopic_model.topic_model import load_topic_model

_WARM_SECONDS = 2.0
_TOLERANCE = 1e-3
_CHECKED = 64


def main() -> None:
    """Reads the command line, runs the rounds and writes the figures."""
    options = _options()
    questions = read_questions(options.questions)[: options.most]
    contenders = [one for one in CONTENDERS if not options.only or one.name in options.only]
    model = load_topic_model(read_bundle(options.bundle), "auto", ROOT / ".cache", threads=1)
    expected = model.predict(questions[:_CHECKED]).coarse
    rounds: list[dict[str, Any]] = []
    failed: list[str] = []
    for number in range(options.rounds):
        order = contenders if number % 2 == 0 else contenders[::-1]
        for contender in tqdm(order, desc=f"round {number + 1}", file=sys.stderr):
            try:
                found = _measure(contender, options, questions, expected)
                rounds.append({"round": number, "name": contender.name, **found})
                if contender.name == OURS:
                    failed += [f"{name}: {one['outcomes']}" for name, one in found["cases"].items() if _errors(one)]
            except (HostedError, RuntimeError) as error:
                failed.append(f"{contender.name}: {error}")
                print(failed[-1], file=sys.stderr)
    results = {"machine": _machine(), "bundle": model.manifest.digest, "rounds": rounds}
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    if failed:
        sys.exit("\n".join(failed))


def _errors(found: dict[str, Any]) -> int:
    """Calls of a case that were not answered."""
    return sum(count for outcome, count in found["outcomes"].items() if outcome != "OK")


def _options() -> argparse.Namespace:
    parser = parser_for(__doc__)
    add_questions(parser)
    add_only(parser)
    parser.add_argument("--most", type=int, default=20_000, help="questions that are read of it")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument(
        "--cases", nargs="*", default=[], choices=[case.name for case in CASES], help="all if none is named"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    parser.add_argument(
        "--apart", action="store_true", help="servers have the first half of the CPUs, the load the other"
    )
    return parser.parse_args()


def _measure(
    contender: Contender, options: argparse.Namespace, questions: Sequence[str], expected: Floats
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
        started = contender.started(options.bundle, options.environments, Path(scratch))
        server = stack.enter_context(apart(started) if options.apart else started)
        _check(contender, server.address, questions[: len(expected)], expected)
        ready = {"ready_seconds": server.ready_seconds, "ready_cpu_seconds": server.ready_cpu_seconds}
        cases: dict[str, dict[str, Any]] = {}
        for case in chosen(options.cases):
            cases[case.name] = _run(contender, case, server, cases, options, questions, Path(scratch))
        size = installed_mb(contender.environment(options.environments))
        return {**ready, "memory_mb": server.memory(), "installed_mb": size, "cases": cases}


def _run(
    contender: Contender,
    case: Case,
    server: Hosted,
    before: dict[str, dict[str, Any]],
    options: argparse.Namespace,
    questions: Sequence[str],
    scratch: Path,
) -> dict[str, Any]:
    requests = scratch / "requests"
    write_requests(requests, contender.wire, questions, case.sizes)
    calls_a_second = rate(before[case.of]) if case.of else 0.0
    shared = (options.loadgen, server.address, requests, case, calls_a_second)
    send(*shared, _WARM_SECONDS, options.connections)
    spent = server.cpu_seconds()
    found = send(*shared, options.seconds, options.connections)
    return {**found, "server_cpu_seconds": server.cpu_seconds() - spent}


def _check(contender: Contender, url: str, questions: Sequence[str], expected: Floats) -> None:
    """Raises HostedError unless the server answers as the bundle does, alone and together."""
    alone = np.concatenate([contender.wire.decode(ask(url, contender.wire.encode([one]), 60)) for one in questions[:8]])
    together = contender.wire.decode(ask(url, contender.wire.encode(questions), 60))
    for found in (alone, together):
        difference = float(np.abs(found - expected[: len(found)]).max())
        if not difference <= _TOLERANCE:
            raise HostedError(f"answers differ from the bundle's by {difference:.3g}")


def _machine() -> dict[str, Any]:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    return {
        "cpu": next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), ""),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "date": datetime.date.today().isoformat(),
    }


if __name__ == "__main__":
    main()
