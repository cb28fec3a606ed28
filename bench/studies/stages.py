"""Where the CPU time of a single question goes: each stage of the model alone, and the whole server under load.

PYTHONPATH=bench python -m studies.stages --questions FILE [--batch N]

The stages run in this process, on one thread, with batches of N questions: give the size of the batches that the server
forms with 64 calls in flight. The figures are microseconds of CPU time for a question, medians over the rounds. The
difference between the server and the last stage is the cost of gRPC, validation, batches and responses.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from compare.load import LoadGenerator, write_requests
from compare.markdown import table
from compare.options import add_questions, parser_for, read_questions
from compare.servers import OUR_SERVER, ROOT
from questiontopic_model.bundle import read_bundle
from questiontopic_model.preparation import PREPARATIONS
from questiontopic_model.topic_model import load_encoder_and_graph, load_topic_model

IN_FLIGHT = 64
_ROUNDS = 7
_QUESTIONS = 512  # In each round.
_SECONDS = 5.0
_WARM_SECONDS = 2.0

Stage = Callable[[Sequence[str]], object]


def main() -> None:
    """Reads the command line and prints the table."""
    parser = parser_for(__doc__)
    add_questions(parser)
    parser.add_argument("--batch", type=int, default=32, help="questions in a batch of the stages")
    options = parser.parse_args()
    questions = read_questions(options.questions)
    stages = _stages(options.bundle)
    spent: dict[str, list[float]] = {name: [] for name in stages}
    for number in range(_ROUNDS + 1):
        start = number * _QUESTIONS % max(1, len(questions) - _QUESTIONS)
        asked = questions[start : start + _QUESTIONS]
        for name, stage in stages.items():
            before = time.process_time()
            for first in range(0, len(asked), options.batch):
                stage(asked[first : first + options.batch])
            if number:  # The first round is slower.
                spent[name].append((time.process_time() - before) / len(asked) * 1e6)
    rows = [[name, f"{statistics.median(values):.0f}"] for name, values in spent.items()]
    rows.append([f"whole server, {IN_FLIGHT} single questions in flight", f"{_server(options, questions):.0f}"])
    print(table([f"stage, {options.batch} questions in a batch", "µs of CPU for a question"], rows))


def _stages(bundle: Path) -> dict[str, Stage]:
    read = read_bundle(bundle)
    model = load_topic_model(read, "onnxruntime", ROOT / ".cache", 1)
    encoder, graph = load_encoder_and_graph(read, "onnxruntime", ROOT / ".cache", 1)
    prepare = PREPARATIONS[read.manifest.preparation]
    return {
        "pieces and windows": lambda texts: encoder.encode([prepare(text) for text in texts]),
        "pieces, windows and graph": lambda texts: graph.run(encoder.encode([prepare(text) for text in texts]).inputs),
        "text to confidences": model.predict,
    }


def _server(options: argparse.Namespace, questions: Sequence[str]) -> float:
    """Returns the server's CPU time for a question under load."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        with OUR_SERVER.started(options.bundle, options.environments, scratch) as server:
            generator = LoadGenerator(options.loadgen, server.url, scratch / "requests")
            write_requests(generator.requests, OUR_SERVER.wire, questions)
            generator.closed(IN_FLIGHT, _WARM_SECONDS)
            before = server.cpu_seconds()
            found = generator.closed(IN_FLIGHT, _SECONDS)
            return (server.cpu_seconds() - before) / found.questions * 1e6


if __name__ == "__main__":
    main()
