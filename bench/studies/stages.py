"""Where the CPU time of a single question goes: each stage of the model alone, and the whole server under load.

PYTHONPATH=bench python -m studies.stages --questions FILE

First the server answers single questions, 64 in flight. Then the stages run in this process, on one thread, with
batches of the size that the server's batches had. The figures are microseconds of CPU time for a question, medians over
the rounds. The difference between the server and the last stage is the cost of gRPC, validation, batches and responses.
"""

from __future__ import annotations

import argparse
import re
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
from questiontopic_model.loading import load_encoder_and_graph, load_topic_model
from questiontopic_model.preparation import PREPARATIONS

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
    options = parser.parse_args()
    questions = read_questions(options.questions)
    server, batch = _server(options, questions)
    stages = _stages(options.bundle)
    spent: dict[str, list[float]] = {name: [] for name in stages}
    for number in range(_ROUNDS + 1):
        start = number * _QUESTIONS % max(1, len(questions) - _QUESTIONS)
        asked = questions[start : start + _QUESTIONS]
        for name, stage in stages.items():
            before = time.process_time()
            for first in range(0, len(asked), batch):
                stage(asked[first : first + batch])
            if number:  # The first round is slower.
                spent[name].append((time.process_time() - before) / len(asked) * 1e6)
    rows = [[name, f"{statistics.median(values):.0f}"] for name, values in spent.items()]
    rows.append([f"whole server, {IN_FLIGHT} single questions in flight", f"{server:.0f}"])
    print(table([f"stage, {batch} questions in a batch", "µs of CPU for a question"], rows))


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


def _server(options: argparse.Namespace, questions: Sequence[str]) -> tuple[float, int]:
    """Returns the server's CPU time for a question under load, and how many questions its batches have."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        logged = {"QUESTIONTOPIC_LOG_LEVEL": "debug"}  # At this level the server logs the size of each batch.
        with OUR_SERVER.started(options.bundle, options.environments, scratch, logged) as server:
            generator = LoadGenerator(options.loadgen, server.url, scratch / "requests")
            write_requests(generator.requests, OUR_SERVER.wire, questions)
            generator.closed(IN_FLIGHT, _WARM_SECONDS)
            before = server.cpu_seconds()
            found = generator.closed(IN_FLIGHT, _SECONDS)
            microseconds = (server.cpu_seconds() - before) / found.questions * 1e6
        sizes = re.findall(r"computing (\d+) texts", (scratch / "log.txt").read_text("utf-8"))
        return microseconds, round(statistics.mean(map(int, sizes)))


if __name__ == "__main__":
    main()
