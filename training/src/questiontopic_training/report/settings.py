"""The options of the commands `evaluate` and `compare`, each as one typed value."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from ..option_types import whole_number


@dataclass(frozen=True)
class EvaluateSettings:
    """See `evaluate --help`: one field, one option (`bundle` is an argument)."""

    bundle: Path
    data: Path
    test: Path | None
    output: Path
    figures: Path | None
    runtime: str
    learning_curve: bool
    curve_recipe: str | None
    jobs: int
    cache: Path | None


@dataclass(frozen=True)
class CompareSettings:
    """See `compare --help`: one field, one option (`first` and `second` are arguments)."""

    first: Path
    second: Path
    data: Path
    test: Path | None
    output: Path
    runtime: str
    cache: Path | None


def add_evaluate_options(parser: argparse.ArgumentParser) -> None:
    """Tells a parser about them."""
    add = parser.add_argument
    add("bundle", type=Path, metavar="BUNDLE", help="folder of the bundle")
    _add_common(parser, "report.html")
    add("--figures", type=Path, help="folder for the figures as files too")
    add(
        "--learning-curve",
        action="store_true",
        help="also train on growing parts of the training questions: two to three trainings' time",
    )
    add(
        "--curve-recipe",
        choices=["finetuned", "head", "original"],
        help="the learning curve's recipe; by default the bundle's own, finetuned for those that take an hour",
    )
    add(
        "--jobs",
        type=whole_number(1),
        default=1,
        help="the learning curve's models that are trained at once; each takes 1.5 GB",
    )


def add_compare_options(parser: argparse.ArgumentParser) -> None:
    """Tells a parser about them."""
    parser.add_argument("first", type=Path, metavar="A", help="folder of the one bundle")
    parser.add_argument("second", type=Path, metavar="B", help="folder of the other bundle")
    _add_common(parser, "comparison.html")


def _add_common(parser: argparse.ArgumentParser, output: str) -> None:
    add = parser.add_argument
    add(
        "--data",
        type=Path,
        default=Path("data/trec"),
        help="folder with TREC's train_5500.label and TREC_10.label, which are downloaded into it if they are missing; "
        "for a learning curve on your own labels, their file",
    )
    add("--test", type=Path, help="your own .csv, .jsonl or .label file of questions to ask instead of TREC's")
    add("--output", type=Path, default=Path(output), help="the page")
    add("--runtime", choices=["auto", "onnxruntime", "tensorflow"], default="auto", help="what computes the answers")
    add("--cache", type=Path, help="folder that keeps the encoder's unpacked table, and trained models")
