import re
from collections import Counter
from importlib.resources import files

import numpy as np

from questiontopic_training.augmentation.templates import Template, Templates, read_templates, resources
from questiontopic_training.data.descriptions import read_descriptions
from questiontopic_training.data.examples import Labels
from questiontopic_training.data.questions import Question
from questiontopic_training.data.trec import LABELS

TREC = [Question("text", name.partition(":")[0], name) for name in read_descriptions(LABELS) if ":" in name]
LANGUAGES = {"ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh", "zh-TW"}


def of_labels(questions: list[Question]) -> Templates:
    labels = Labels(questions)
    return read_templates(labels.examples(questions), labels)


def test_every_template_is_filled_and_has_a_known_label() -> None:
    drawn = of_labels(TREC).draw(300, 3000, 3000, np.random.default_rng(0))
    assert len(drawn) == 6300
    assert not [text for _, text in drawn if re.search(r"[{}|]", text)]
    assert {template.fine for template, _ in drawn} == {question.fine for question in TREC}
    assert {template.language for template, _ in drawn} == LANGUAGES


def rows(name: str) -> list[list[str]]:
    lines = files("questiontopic_training.augmentation").joinpath(name).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines[1:]]


def test_all_slots_of_all_templates_have_words() -> None:
    texts = [text for _, _, text in rows("templates.tsv")]
    assert all(text.count("{") == text.count("}") for text in texts)
    alone = {slot for text in texts for slot in re.findall(r"\{([^{}|]*)\}", text)}
    kinds = {kind for kind, _ in rows("wordnet.tsv")}
    assert alone - kinds <= {"letters", "noun", "name", "year", "LABEL", "clue", "who"}


def test_rare_labels_are_drawn_more_often_than_their_share() -> None:
    questions = [Question(f"{n}", "HUM", "HUM:ind") for n in range(99)] + [Question("text", "NUM", "NUM:temp")]
    drawn = of_labels(questions).draw(0, 0, 1000, np.random.default_rng(0))
    share = Counter(template.fine for template, _ in drawn)["NUM:temp"] / 1000
    assert 0.06 < share < 0.12  # The square root of 1 to that of 99.


def test_slots_may_contain_slots_and_words_get_their_article_and_plural() -> None:
    kinds = {"animal": ["ox", "owl", "fly"], "NUM:temp": ["boiling point"]}
    template = Template("what {LABEL|} has a {animal} or {two|} {animal} s ?", "NUM:temp", "en")
    templates = Templates([template], kinds, ["NUM:temp"], [1.0])
    texts = {text for _, text in templates.draw(0, 0, 200, np.random.default_rng(0))}
    assert "what boiling point has an ox or two flies ?" in texts
    assert not any(" a o" in text or "flys" in text for text in texts)


def test_a_label_of_your_own_with_the_name_none_gets_no_templates() -> None:
    templates = of_labels([Question("a", "NONE", "NONE"), Question("b", "alarm", "alarm")])
    assert not templates.english
    assert not templates.foreign


def test_other_labels_than_trecs_get_no_templates_except_of_none() -> None:
    templates = of_labels([Question("a", "weather", "weather"), Question("b", "alarm", "alarm")])
    assert templates.draw(100, 100, 100, np.random.default_rng(0)) == []
    assert len(templates.draw_none(50, np.random.default_rng(0))) == 50


def test_the_manifest_can_name_what_templates_are_made_from() -> None:
    named = resources()["resources"]
    assert set(named) == {"wordnet.tsv", "templates.tsv"}
    assert "WordNet" in named["wordnet.tsv"]["licence"]
    assert all(len(of["sha256"]) == 64 and of["rows"] > 1000 and of["used"] for of in named.values())
