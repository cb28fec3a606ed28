"""Our own English texts: questions as people type them, with a fine label, and texts that ask for no label of TREC.

They are not in any training set. Hyper-parameters were chosen by the half `choose`; the half `report` only measures.
"""

from __future__ import annotations

import csv
from importlib.resources import files

from ..data.questions import Question

CHOOSE, REPORT = "choose", "report"


def read_typed_questions(half: str) -> list[Question]:
    """The questions of this half; their labels are TREC's."""
    return [
        Question(row["question"], row["fine"].partition(":")[0], row["fine"])
        for row in _read("typed_questions.tsv")
        if row["half"] == half
    ]


def read_not_questions(half: str) -> list[tuple[str, str]]:
    """The texts of this half, each with its kind, such as `statement` or `noise`."""
    return [(row["kind"], row["text"]) for row in _read("not_questions.tsv") if row["half"] == half]


def _read(name: str) -> list[dict[str, str]]:
    lines = files(__package__).joinpath(name).read_text("utf-8").splitlines()
    return [*csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]
