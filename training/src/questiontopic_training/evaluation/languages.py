"""Our own questions in nine languages, to measure how a model trained on English answers in other languages.

`languages.tsv` has the same 24 questions in each language, four for each TREC topic. They only measure: no model is
trained on them, and no recipe was chosen by them.
"""

from __future__ import annotations

import csv
from importlib.resources import files

from ..data.questions import Question


def read_languages(coarse: tuple[str, ...]) -> dict[str, list[Question]]:
    """The questions by language code; empty unless all of their topics are among the `coarse` labels."""
    lines = files(__package__).joinpath("languages.tsv").read_text("utf-8").splitlines()
    found: dict[str, list[Question]] = {}
    for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
        found.setdefault(row["language"], []).append(Question(row["question"], row["topic"], ""))
    topics = {question.coarse for questions in found.values() for question in questions}
    return found if topics <= set(coarse) else {}
