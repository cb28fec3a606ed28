"""Where the CPU time of a single question goes: each stage alone, many times over, and the whole server under load.

python bench/stages.py --questions FILE

The model's stages run in this process, on one thread; those of the front are benchmarks beside its code (`go test
-bench`). Medians over the rounds, in microseconds of CPU time a question.
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
from cases import CONNECTIONS, Case, send, write_requests
from contenders import OUR_SERVER, ROOT
from options import add_questions, parser_for, read_questions

from questiontopic_model.bundle import read_bundle
from questiontopic_model.preparation import PREPARATIONS
from questiontopic_model.topic_model import load_encoder_and_graph, load_topic_model

IN_FLIGHT = 64
_ROUNDS = 7
_SECONDS = 5.0

Stage = Callable[[Sequence[str]], object]


def main() -> None:
    """Reads the command line, prints the table as Markdown."""
    parser = parser_for(__doc__)
    add_questions(parser)
    options = parser.parse_args()
    questions = read_questions(options.questions)[:20_000]
    front, model, batch = _processes(options, questions)
    stages = _stages(options.bundle, round(batch))
    spent: dict[str, list[float]] = {name: [] for name in stages}
    for number in range(_ROUNDS + 1):
        asked = questions[number * IN_FLIGHT * 8 : (number + 1) * IN_FLIGHT * 8]
        for name, stage in stages.items():
            before = time.process_time()
            stage(asked)
            if number:  # The first round warms.
                spent[name].append((time.process_time() - before) / len(asked) * 1e6)
    print(f"{IN_FLIGHT} single questions in flight, {batch:.1f} a batch.\n")
    print("| stage | µs of CPU a question |\n| --- | --- |")
    for name, values in spent.items():
        print(f"| {name} | {statistics.median(values):.0f} |")
    print(f"| whole front process | {front:.0f} |\n| whole model process | {model:.0f} |")


def _stages(bundle: Path, batch: int) -> dict[str, Stage]:
    """Each takes questions, in batches of the size that the server's had."""
    read = read_bundle(bundle)
    model = load_topic_model(read, "onnxruntime", ROOT / ".cache", 1)
    encoder, graph = load_encoder_and_graph(read, "onnxruntime", ROOT / ".cache", 1)
    prepare = PREPARATIONS[read.manifest.preparation]

    def each(stage: Callable[[Sequence[str]], object]) -> Stage:
        return lambda asked: [stage(asked[start : start + batch]) for start in range(0, len(asked), batch)]

    return {
        "model: pieces and windows": each(lambda part: encoder.encode([prepare(text) for text in part])),
        "model: pieces, windows and graph": each(
            lambda part: graph.run(encoder.encode([prepare(text) for text in part]).inputs)
        ),
        "model: text to packed confidences": each(lambda part: model.predict(part).packed()),
    }


def _processes(options: argparse.Namespace, questions: Sequence[str]) -> tuple[float, float, float]:
    """Under load: CPU time a question of the front and the model, and how many questions a batch has."""
    with tempfile.TemporaryDirectory() as folder:
        scratch, requests = Path(folder), Path(folder) / "requests"
        write_requests(requests, OUR_SERVER.wire, questions, (1,))
        # At this level the model's process tells how many texts each batch has.
        logged = {"QUESTIONTOPIC_LOG_LEVEL": "debug"}
        with OUR_SERVER.started(options.bundle, options.environments, scratch, more=logged) as server:
            processes = [server.process, *server.process.children()]
            shared = (options.loadgen, server.address, requests, Case("full", (1,), IN_FLIGHT), 0.0)
            send(*shared, 2.0, CONNECTIONS)
            before, skipped = _cpu(processes), len(_batches(scratch))
            found = send(*shared, _SECONDS, CONNECTIONS)
            after = _cpu(processes)
        sizes = _batches(scratch)[skipped:]
    front, model = ((late - early) / found["questions"] * 1e6 for early, late in zip(before, after, strict=True))
    return front, model, statistics.mean(sizes)


def _batches(scratch: Path) -> list[int]:
    return [int(size) for size in re.findall(r"computing (\d+) texts", (scratch / "log.txt").read_text("utf-8"))]


def _cpu(processes: Sequence[psutil.Process]) -> list[float]:
    return [sum(process.cpu_times()[:2]) for process in processes]


if __name__ == "__main__":
    main()
