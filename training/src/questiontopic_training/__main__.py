"""The commands. The only exit codes: 0, 1 for an error told in one line, 2 for usage, 143 where SIGTERM ended it."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

from questiontopic_model.bundle import BundleError

from . import settings
from .data.questions import DataError
from .report.settings import CompareSettings, EvaluateSettings, add_compare_options, add_evaluate_options


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

    settings.add_options(add("train", "train on labelled questions, measure, and write a bundle to serve", _train))
    add_evaluate_options(
        add("evaluate", "ask a bundle the test questions and write a page about its answers", _evaluate)
    )
    add_compare_options(
        add("compare", "ask two bundles the test questions and write a page on how they differ", _compare)
    )
    return parser


# Each command imports what it needs: TensorFlow takes seconds to load, and reports do without.


def _train(options: dict[str, Any]) -> None:
    from .train import train

    train(settings.Settings(**options))


def _evaluate(options: dict[str, Any]) -> None:
    from .report.commands import evaluate

    evaluate(EvaluateSettings(**options))


def _compare(options: dict[str, Any]) -> None:
    from .report.commands import compare

    compare(CompareSettings(**options))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # An orderly end: what trains beside it ends with it.
    sys.exit(main())
