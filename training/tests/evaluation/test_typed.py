import re
from collections import Counter
from importlib.resources import files

import pytest

from questiontopic_training.data.descriptions import read_descriptions
from questiontopic_training.data.trec import LABELS
from questiontopic_training.evaluation.typed import CHOOSE, REPORT, read_not_questions, read_typed_questions


@pytest.mark.parametrize("half", [CHOOSE, REPORT])
def test_each_half_covers_every_fine_label(half: str) -> None:
    counts = Counter(question.fine for question in read_typed_questions(half))
    assert set(counts) == {label for label in read_descriptions(LABELS) if ":" in label}
    assert min(counts.values()) >= 3
    assert counts.total() >= 150
    assert len({kind for kind, _ in read_not_questions(half)}) == 6


def test_the_halves_share_no_text_and_no_template_of_training() -> None:
    halves = [{letters(question.text) for question in read_typed_questions(half)} for half in (CHOOSE, REPORT)]
    halves += [{letters(text) for _, text in read_not_questions(half)} for half in (CHOOSE, REPORT)]
    # Texts of signs alone are no words.
    texts = [text for half in halves for text in half if text]
    assert len(texts) == len(set(texts))
    lines = files("questiontopic_training.augmentation").joinpath("templates.tsv").read_text("utf-8").splitlines()[1:]
    assert not {letters(line.split("\t")[2]) for line in lines} & set(texts)


def letters(text: str) -> str:
    return re.sub(r"\W", "", text).casefold()
