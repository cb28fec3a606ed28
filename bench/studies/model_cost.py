"""What a question costs in each of several bundles, text to confidences, without any RPC: CPU time on one thread.

python bench/model_cost.py [--padded] QUESTIONS BUNDLE BUNDLE...

QUESTIONS is a text file with one question a line. Each round asks every bundle the same questions, in batches of 1, 8
and 32; the table has the medians over the rounds, and their ratios to the first row's. With --padded that is the first
bundle's graph on padded batches: see `padded`.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import defaultdict
from pathlib import Path

from padded import load_padded

from questiontopic_model.bundle import read_bundle
from questiontopic_model.topic_model import TopicModel, load_topic_model

BATCHES = (1, 8, 32)
ROUNDS = 9
QUESTIONS = 512  # Of each round and bundle; some three seconds of it.


def main() -> None:
    """Reads the command line, prints the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path)
    parser.add_argument("bundle", type=Path, nargs="+")
    parser.add_argument("--padded", action="store_true", help="take the first bundle's padded form as the reference")
    parser.add_argument("--cache", type=Path, default=Path(".cache"))
    options = parser.parse_args()
    questions = options.questions.read_text("utf-8").splitlines()
    models = [load_topic_model(read_bundle(folder), "auto", options.cache, threads=1) for folder in options.bundle]
    names = [folder.name for folder in options.bundle]
    if options.padded:
        models.insert(0, load_padded(read_bundle(options.bundle[0]), options.cache))
        names.insert(0, f"{names[0]}, padded")
    for model in models:
        model.check_golden()  # Warm.

    spent: dict[tuple[int, int], list[float]] = defaultdict(list)
    for number in range(ROUNDS):
        start = number * QUESTIONS % max(1, len(questions) - QUESTIONS)
        asked = questions[start : start + QUESTIONS]
        for batch in BATCHES:
            for index, model in enumerate(models):
                spent[index, batch].append(_microseconds(model, asked, batch))

    print("| bundle | " + " | ".join(f"batch {batch}, µs" for batch in BATCHES) + " | ratios |")
    print("| --- |" + " --- |" * (len(BATCHES) + 1))
    for index, name in enumerate(names):
        medians = [statistics.median(spent[index, batch]) for batch in BATCHES]
        ratios = [
            statistics.median(a / b for a, b in zip(spent[index, batch], spent[0, batch], strict=True))
            for batch in BATCHES
        ]
        columns = [name, *(f"{value:.0f}" for value in medians), " / ".join(f"{ratio:.2f}" for ratio in ratios)]
        print(f"| {' | '.join(columns)} |")


def _microseconds(model: TopicModel, questions: list[str], batch: int) -> float:
    """CPU time of a question."""
    before = time.process_time()
    for start in range(0, len(questions), batch):
        model.predict(questions[start : start + batch])
    return (time.process_time() - before) / len(questions) * 1e6


if __name__ == "__main__":
    main()
