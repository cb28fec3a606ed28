"""The options of the command `train`: read from the command line into one value."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

from .data.columns import Columns, add_column_options
from .option_types import bundle_name, bundle_version, share, whole_number

# The names of all recipes. They stand here because importing `recipes` would load TensorFlow.
RECIPE_NAMES = ("distilled", "ensemble", "finetuned", "head", "minilm", "original", "regression")
_SEED = 0
_MAX_SEED = 10**9  # numpy's limit is 2**32, and `minilm` multiplies the seed by the number of its models.
_MAX_JOBS = 4  # The default's limit: each job holds TensorFlow and the encoder, 1.5 GB.


@dataclass(frozen=True)
class TrainSettings:
    """One field for each option; `train --help` explains them."""

    recipe: str
    encoder: str | None
    data: Path
    test: Path | None
    descriptions: Path | None
    text_column: str
    label_column: str | None
    delimiter: str | None
    folds: int | None
    balance: float | None
    unlabelled: Path | None
    out_of_scope: Path | None
    robustness: bool
    questions: Path
    translations: Path
    others: Path
    output: Path
    name: str | None
    version: str
    seeds: int
    seed: int
    epochs: int | None
    jobs: int
    threads: int
    cache: Path | None

    @property
    def columns(self) -> Columns:
        """Those of your own files."""
        return Columns(self.text_column, self.label_column, self.delimiter)


def add_train_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options to a parser."""
    add = parser.add_argument
    add(
        "--recipe",
        choices=RECIPE_NAMES,
        default="finetuned",
        help="how to train. original: as in the article of 2019. regression: logistic regression on the frozen "
        "encoder. head: a better head on the frozen encoder. finetuned: encoder and head together; the recipe for your "
        "own labels. minilm: the average of several fine-tuned MiniLMs. distilled: encoder and head together, on "
        "unlabelled questions that fine-tuned MiniLMs label. ensemble: distilled and minilm answer together; with your "
        "own labels, finetuned and regression on MiniLM",
    )
    add(
        "--encoder",
        help="usem3, minilm, a TF-Hub handle, or the folder of a SavedModel that maps strings to vectors. Only the "
        "recipes original, head and regression take any encoder. If not given: the encoder that the recipe needs, else "
        "usem3",
    )
    add(
        "--data",
        type=Path,
        default=Path("data/trec"),
        help="your own labelled questions, a .csv, .tsv, .jsonl or .label file; or the folder of TREC's files "
        "train_5500.label and TREC_10.label, which are downloaded if they are missing",
    )
    add(
        "--test",
        type=Path,
        help="your own test questions, a file like --data; without them, the model is measured by cross-validation",
    )
    add(
        "--descriptions",
        type=Path,
        help="what your own labels mean, a .csv file with the columns label and description; DescribeModel and the "
        "bundle's model card show it. Labels may be left out",
    )
    add_column_options(parser)
    add(
        "--folds",
        type=whole_number(3),  # With 2 folds, a label with two rows would be trained on one row.
        help="number of folds of the cross-validation, at least 3. If not given: 5, or 3 for more than 5,000 rows, "
        "whose folds are large enough to measure with",
    )
    add(
        "--balance",
        type=share,
        help="how much more the rows of rare labels count, from 0 to 1: 0 counts all rows alike, 1 counts all labels "
        "alike. A row counts n to the power of -BALANCE, where n is the number of rows of its label. If not given: "
        "0.5 for your own questions, 0 for TREC. For the recipes finetuned, head and regression",
    )
    add(
        "--unlabelled",
        type=Path,
        help="texts of your own without labels, like those that the model will be asked: one text a line, or a .csv or "
        ".tsv file with the column of --text-column. They make a model of few labelled rows better. For the recipes "
        "finetuned and ensemble; needs the package of MiniLM, whose vectors help to label them",
    )
    add(
        "--out-of-scope",
        type=Path,
        help="texts of your own that belong to none of your labels: one text a line, or a .csv or .tsv file with the "
        "column of --text-column. They make the score of none-of-these better. For the recipes finetuned, regression "
        "and ensemble",
    )
    add(
        "--robustness",
        action="store_true",
        help="measure your own --test questions with typos, in upper case and so on too; this takes 17 times as long "
        "as the questions themselves. TREC's are always measured",
    )
    add(
        "--questions",
        type=Path,
        default=Path("data/questions"),
        help="folder of the unlabelled questions for the recipes distilled and ensemble: nq_open.txt, "
        "webquestions.txt and opentriviaqa.txt, with one question per line. A file that is missing is left out",
    )
    add(
        "--translations",
        type=Path,
        default=Path("data/translations"),
        help="folder of questions in several languages for the recipes distilled and ensemble: xquad.tsv and "
        "tatoeba.tsv. A file that is missing is left out",
    )
    add(
        "--others",
        type=Path,
        default=Path("data/intents"),
        help="folder of texts that belong to none of TREC's labels, for the recipes distilled and ensemble: "
        "clinc150_train.csv, and clinc150_test.csv to measure the score of none-of-these with. A file that is missing "
        "is left out",
    )
    add(
        "--output",
        type=Path,
        required=True,
        help="folder for the bundle. An older bundle in this place is replaced; any other folder is an error",
    )
    add(
        "--name",
        type=bundle_name,
        help="name of the bundle, which clients may ask for. If not given: made from the letters a to z and the "
        "digits in the name of your file; for TREC usem3, minilm or ensemble, by the recipe",
    )
    add("--version", type=bundle_version, default="1.0.0", help="version of the bundle: MAJOR.MINOR.PATCH")
    add(
        "--seeds",
        type=whole_number(1),
        default=1,
        help="number of final models that are trained and tested; the bundle holds the first",
    )
    add(
        "--seed",
        type=whole_number(0, _MAX_SEED),
        default=_SEED,
        help="seed of the first final model; the other models have the seeds 0, 1, 2 and so on. The seed does not "
        "change which rows are held out",
    )
    add("--epochs", type=whole_number(1), help="number of passes over the data; if not given, the recipe's own number")
    add("--jobs", type=whole_number(1), default=min(_MAX_JOBS, _cores()), help="number of models trained at once")
    add("--threads", type=whole_number(1), default=1, help="number of CPU threads per operation")
    add(
        "--cache",
        type=Path,
        help="folder that keeps trained models and the answers of the teacher, so that interrupted work can continue; "
        "delete it after a change of the code",
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
