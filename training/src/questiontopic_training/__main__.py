"""The commands. The only exit codes: 0, 1 for an error told in one line, 2 for usage."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from questiontopic_server.model import BundleError

from . import settings
from .bundle_writer import ParityError
from .questions import DataError
from .train import train


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code."""
    options = vars(_parser().parse_args(arguments))
    del options["command"]
    try:
        train(settings.Settings(**options))
    except (BundleError, DataError, ParityError) as error:
        print(f"questiontopic_training: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m questiontopic_training", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    what = "train on labelled questions, measure, and write a bundle to serve"
    settings.add_options(
        commands.add_parser(
            "train",
            help=what,
            description=f"{what.capitalize()}.",
            formatter_class=argparse.ArgumentDefaultsHelpFormatter,
            allow_abbrev=False,
        )
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
