import re

import numpy as np
import pytest

from questiontopic_training.augmentation.sentences import LEADS, TALK
from questiontopic_training.augmentation.surface_forms import (
    SHARES,
    TALKATIVE,
    draw_forms,
    draw_simple_forms,
    hasty,
    plain,
    trec,
    typo,
)
from questiontopic_training.evaluation import robustness

WRITTEN = 'Who wrote "Hamlet" (the play), and what\'s it about?'
TREC = "Who wrote `` Hamlet '' ( the play ) , and what 's it about ?"
TEXT = "Who was Ada ?"
SIMPLE_FORMS = {"who was ada ?", "Who was Ada", "Who was Ada?", "who was ada", "who was ada?"}


def test_trec_and_plain_are_inverse() -> None:
    assert trec(WRITTEN) == TREC
    assert plain(TREC) == WRITTEN


@pytest.mark.parametrize(
    "text", ["where to sail to the lake?", "Where to sail to the lake ?", "Where to sail to the lake"]
)
def test_punctuation_at_the_end_does_not_matter(text: str) -> None:
    assert hasty(text) == "where to sail to the lake"
    assert trec(text).endswith("lake ?")
    assert plain(text).endswith("lake?")


def test_a_typo_changes_at_most_two_letters_of_one_word() -> None:
    random = np.random.default_rng(0)
    text = "Which river crosses the old town ?"
    for _ in range(200):
        words, changed = text.split(), typo(text, random).split()
        assert sum(a != b for a, b in zip(words, changed, strict=True)) <= 1
        assert abs(len(" ".join(changed)) - len(text)) <= 1


def test_a_text_without_words_has_no_typo() -> None:
    assert typo("5 + 5 ?", np.random.default_rng(0)) == "5 + 5 ?"


def test_forms_are_drawn_with_their_probabilities() -> None:
    texts = draw_forms(["What 's it ?"] * 2000, SHARES, np.random.default_rng(0))
    assert abs(texts.count("what's it") / 2000 - SHARES["hasty"]) < 0.04
    assert len(set(texts)) > 50


def test_the_form_tail_adds_one_or_two_sentences() -> None:
    texts = draw_forms(["What 's it ?"] * 500, {"tail": 1.0}, np.random.default_rng(0))
    behind = [text.count(".") + text.count("!") for text in texts]
    assert set(behind) == {1, 2}
    assert 0.3 < behind.count(2) / len(behind) < 0.5


def test_the_form_talk_adds_up_to_three_sentences() -> None:
    texts = draw_forms(["What 's it ?"] * 500, {"talk": 1.0}, np.random.default_rng(0))
    assert all(any(text.endswith(sentence) for sentence in TALK) for text in texts)
    behind = [sum(text.count(sentence) for sentence in TALK) for text in texts]
    assert set(behind) == {1, 2, 3}


def test_the_probabilities_of_forms_sum_to_1() -> None:
    assert np.isclose(sum(SHARES.values()), 1) and np.isclose(sum(TALKATIVE.values()), 1)


def test_robustness_is_measured_with_other_sentences() -> None:
    names = ("leading filler", "trailing sentence", "two trailing sentences")
    random = np.random.default_rng(0)
    measured = {robustness.DISTURBANCES[name]("it?", number, random) for name in names for number in range(20)}
    added = {part.strip() for text in measured for part in re.split(r"(?<=[.!?]) |[iI]t\?", text)} - {""}
    assert len(added) == 9
    assert not added & {*LEADS, *TALK}


def test_a_third_of_the_texts_get_simple_forms_and_every_form_occurs() -> None:
    varied = draw_simple_forms([TEXT] * 3000, 1 / 3, np.random.default_rng(0))
    assert set(varied) == SIMPLE_FORMS | {TEXT}
    assert 0.3 < sum(text != TEXT for text in varied) / 3000 < 0.37


def test_equal_seeds_draw_equal_forms_and_the_next_epoch_others() -> None:
    random = np.random.default_rng(5)
    first, second = (draw_simple_forms([TEXT] * 50, 1 / 3, random) for _ in range(2))
    assert first == draw_simple_forms([TEXT] * 50, 1 / 3, np.random.default_rng(5))
    assert first != second


def test_simple_forms_never_empty_a_text() -> None:
    assert set(draw_simple_forms(["?", " ?"], 1, np.random.default_rng(0))) <= {"?", " ?"}
    assert all(draw_simple_forms(["?"] * 100, 1, np.random.default_rng(0)))
