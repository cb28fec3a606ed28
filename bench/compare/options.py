"""The command line options that the benchmarks share."""

from __future__ import annotations

import argparse
from pathlib import Path

from contenders import ROOT


def parser_for(description: str | None) -> argparse.ArgumentParser:
    """Knows the bundle, and where the load generator and the peers' environments are."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=ROOT / "models" / "usem3")
    parser.add_argument("--loadgen", type=Path, default=ROOT / ".tools" / "loadgen")
    parser.add_argument("--environments", type=Path, default=ROOT / ".venv" / "bench")
    return parser


def add_questions(parser: argparse.ArgumentParser) -> None:
    """`--questions`, for those that send real ones."""
    parser.add_argument("--questions", type=Path, required=True, help="a file with a question a line, or a .tsv table")


def add_only(parser: argparse.ArgumentParser) -> None:
    """`--only`, for those that go through the contenders."""
    parser.add_argument("--only", nargs="*", default=[], help="names of contenders")


def read_questions(path: Path) -> list[str]:
    """What `--questions` names: one a line; of a table the last column."""
    lines = path.read_text("utf-8").splitlines()
    return [line.split("\t")[-1] for line in lines[1:]] if path.suffix == ".tsv" else lines
