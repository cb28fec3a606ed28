"""Our own questions in nine languages, to measure what a model trained on English does in the others.

`languages.tsv` has 24 of them in each, four of each TREC topic: the same 24, translated one by one. They are for the
report alone: none is shown while a model learns, and other questions served to choose recipes.
"""

from __future__ import annotations

import csv
from importlib.resources import files

from ..data.questions import Question


def read_languages(coarse: tuple[str, ...]) -> dict[str, list[Question]]:
    """The questions by language code; none if a topic of theirs is not among the `coarse` labels."""
    lines = files(__package__).joinpath("languages.tsv").read_text("utf-8").splitlines()
    found: dict[str, list[Question]] = {}
    for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
        found.setdefault(row["language"], []).append(Question(row["question"], row["topic"], ""))
    topics = {question.coarse for questions in found.values() for question in questions}
    return found if topics <= set(coarse) else {}
