"""The commands `train`, `evaluate`, `compare` and `wordnet`.

Exit codes: 0 for success, 1 for an error (one line on standard error), 2 for wrong usage, 143 after SIGTERM.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from questiontopic_model.bundle import BundleError

from .data.questions import DataError
from .report.settings import CompareSettings, EvaluateSettings, add_compare_options, add_evaluate_options
from .settings import TrainSettings, add_train_options
from .tensorflow_log import import_tensorflow_quietly


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code."""
    options = vars(_parser().parse_args(arguments))
    run = options.pop("run")
    try:
        run(options)
    except (BundleError, DataError, OSError) as error:
        print(f"questiontopic_training: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m questiontopic_training", allow_abbrev=False)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, what: str, run: Callable[[dict[str, Any]], None]) -> argparse.ArgumentParser:
        command = commands.add_parser(
            name,
            help=what,
            description=f"{what.capitalize()}.",
            formatter_class=argparse.ArgumentDefaultsHelpFormatter,
            allow_abbrev=False,
        )
        command.set_defaults(run=run)
        return command

    add_train_options(add("train", "train on labelled questions, measure the model and write a bundle", _train))
    add_evaluate_options(add("evaluate", "ask a bundle the test questions and write a report", _evaluate))
    add_compare_options(add("compare", "ask two bundles the test questions and report their differences", _compare))
    wordnet = add("wordnet", "make the words for the slots of templates from the files of WordNet 3.1", _wordnet)
    wordnet.add_argument("--files", type=Path, required=True, help="folder with data.noun and index.sense")
    wordnet.add_argument("--output", type=Path, required=True, help="the file to write: wordnet.tsv")
    return parser


# Each command imports its module only when it runs: TensorFlow takes seconds to load, and reports do not need it.


def _train(options: dict[str, Any]) -> None:
    import_tensorflow_quietly()
    from .train import train

    train(TrainSettings(**options))


def _evaluate(options: dict[str, Any]) -> None:
    from .report.commands import evaluate

    evaluate(EvaluateSettings(**options))


def _compare(options: dict[str, Any]) -> None:
    from .report.commands import compare

    compare(CompareSettings(**options))


def _wordnet(options: dict[str, Any]) -> None:
    from .augmentation.wordnet import write_wordnet

    write_wordnet(options["files"], options["output"])


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # SystemExit lets `Runs` end its child processes.
    sys.exit(main())
