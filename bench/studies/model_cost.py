"""What a question costs in each of several bundles, from text to confidences, without RPC: CPU time on one thread.

PYTHONPATH=bench python -m studies.model_cost [--padded] --questions FILE BUNDLE BUNDLE...

In each round every bundle gets the same questions, in batches of 1, 8 and 32. The table has the medians over the
rounds, and the ratios to the first row. With --padded the first row is the first bundle's graph on padded batches; the
module `padded` explains it.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from compare.markdown import table
from compare.options import add_questions, read_questions
from compare.servers import ROOT
from questiontopic_model.bundle import read_bundle
from questiontopic_model.loading import load_topic_model
from questiontopic_model.topic_model import TopicModel
from studies.padded import load_padded

BATCHES = (1, 8, 32)
ROUNDS = 9
QUESTIONS = 512  # In each round and for each bundle: about three seconds.


def main() -> None:
    """Reads the command line and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_questions(parser)
    parser.add_argument("bundle", type=Path, nargs="+")
    parser.add_argument("--padded", action="store_true", help="make the first bundle's padded form the reference")
    options = parser.parse_args()
    questions, cache = read_questions(options.questions), ROOT / ".cache"
    models = [load_topic_model(read_bundle(folder), "auto", cache, threads=1) for folder in options.bundle]
    names = [folder.name for folder in options.bundle]
    if options.padded:
        models.insert(0, load_padded(read_bundle(options.bundle[0]), cache))
        names.insert(0, f"{names[0]}, padded")
    for model in models:
        model.check_golden()  # The first computation is slower.

    spent: dict[tuple[int, int], list[float]] = defaultdict(list)
    for number in range(ROUNDS):
        start = number * QUESTIONS % max(1, len(questions) - QUESTIONS)
        asked = questions[start : start + QUESTIONS]
        for batch in BATCHES:
            for index, model in enumerate(models):
                spent[index, batch].append(_microseconds(model, asked, batch))

    rows = []
    for index, name in enumerate(names):
        medians = [f"{statistics.median(spent[index, batch]):.0f}" for batch in BATCHES]
        ratios = [f"{_ratio(spent[index, batch], spent[0, batch]):.2f}" for batch in BATCHES]
        rows.append([name, *medians, " / ".join(ratios)])
    print(table(["bundle", *(f"batch {batch}, µs" for batch in BATCHES), "ratios"], rows))


def _microseconds(model: TopicModel, questions: Sequence[str], batch: int) -> float:
    """Returns the CPU time of one question."""
    before = time.process_time()
    for start in range(0, len(questions), batch):
        model.predict(questions[start : start + batch])
    return (time.process_time() - before) / len(questions) * 1e6


def _ratio(values: Sequence[float], references: Sequence[float]) -> float:
    return statistics.median(value / reference for value, reference in zip(values, references, strict=True))


if __name__ == "__main__":
    main()
