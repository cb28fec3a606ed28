"""One server in one round: started, checked, and given the load of every case."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from compare.cases import Case
from compare.cpus import on_cpus
from compare.load import LoadGenerator, LoadResult, write_requests
from compare.protocols import Floats
from compare.server_process import ServerError, ServerProcess, ask
from compare.servers import Server
from questiontopic_model.bundle import read_bundle
from questiontopic_model.loading import load_topic_model

_WARM_SECONDS = 2.0
_TOLERANCE = 1e-3
_CHECKED_QUESTIONS = 64


def expected_answers(bundle: Path, questions: Sequence[str], cache: Path) -> Floats:
    """Returns the confidences of the first questions, computed in this process."""
    model = load_topic_model(read_bundle(bundle), "auto", cache, threads=1)
    return model.predict(questions[:_CHECKED_QUESTIONS]).coarse


def measure(
    server: Server,
    cases: Sequence[Case],
    questions: Sequence[str],
    expected: Floats,
    options: argparse.Namespace,
    server_cpus: int | None = None,
) -> dict[str, Any]:
    """Returns the figures of one server, as the results file has them; raises ServerError and RuntimeError.

    `options` has the bundle, the environments, the load generator, its connections, and the seconds of a case.
    """
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        started = server.started(options.bundle, options.environments, scratch)
        with on_cpus(server_cpus, started) as process:
            _check(server, process.url, questions[: len(expected)], expected)
            results: dict[str, LoadResult] = {}
            figures: dict[str, dict[str, Any]] = {}
            for case in cases:
                generator = LoadGenerator(options.loadgen, process.url, scratch / "requests", options.connections)
                write_requests(generator.requests, server.wire, questions, case.sizes)
                results[case.name], figures[case.name] = _run(case, generator, process, options.seconds, results)
            return {
                "ready_seconds": process.ready_seconds,
                "ready_cpu_seconds": process.ready_cpu_seconds,
                "installed_mb": server.installed_mb(options.environments),
                "cases": figures,
            }


def _run(
    case: Case, generator: LoadGenerator, process: ServerProcess, seconds: float, results: dict[str, LoadResult]
) -> tuple[LoadResult, dict[str, Any]]:
    case.run(generator, min(_WARM_SECONDS, seconds), results)
    cpu_before = process.cpu_seconds()
    found = case.run(generator, seconds, results)
    spent = process.cpu_seconds() - cpu_before
    return found, {**asdict(found), "server_cpu_seconds": spent, "memory_mb": process.memory_mb()}


def _check(server: Server, url: str, questions: Sequence[str], expected: Floats) -> None:
    """Raises ServerError unless the server answers as the bundle does, one question at a time and all at once.

    Another version may have another model; then a difference is only a line on standard error.
    """
    single = [server.wire.decode(ask(url, server.wire.encode([question]), 60)) for question in questions[:8]]
    together = server.wire.decode(ask(url, server.wire.encode(questions), 60))
    for found in (np.concatenate(single), together):
        difference = float(np.abs(found - expected[: len(found)]).max())
        if not difference <= _TOLERANCE:
            message = f"{server.name}: the answers differ from the bundle's by {difference:.3g}"
            if server.same_model:
                raise ServerError(message)
            print(message, file=sys.stderr)
