import re
from collections import Counter
from importlib.resources import files

from questiontopic_training.evaluation.languages import read_languages

TOPICS = ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM")


def test_every_language_has_at_least_twenty_questions_of_all_topics() -> None:
    found = read_languages(TOPICS)
    assert set(found) == {"en", "zh", "ja", "ru", "ar", "es", "fr", "de", "pt"}
    for questions in found.values():
        assert Counter(question.coarse for question in questions) == dict.fromkeys(TOPICS, 4)
        assert len({question.text for question in questions}) == len(questions)


def test_other_labels_than_the_six_topics_get_no_questions() -> None:
    assert read_languages(("refund", "delivery")) == {}


def test_no_question_is_a_template_of_training() -> None:
    rows = files("questiontopic_training.augmentation").joinpath("templates.tsv").read_text("utf-8").splitlines()[1:]
    shown = {_letters(row.split("\t")[2]) for row in rows}
    assert len(shown) > 500
    asked = {_letters(question.text) for questions in read_languages(TOPICS).values() for question in questions}
    assert not shown & asked


def _letters(text: str) -> str:
    return re.sub(r"\W", "", text).casefold()
