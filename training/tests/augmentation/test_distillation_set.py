from dataclasses import replace

import numpy as np
import pytest

from questiontopic_training.augmentation.distillation_set import DistillationSet
from questiontopic_training.augmentation.templates import Template, Templates
from questiontopic_training.data.examples import Labels
from questiontopic_training.data.questions import Question
from questiontopic_training.data.translations import Translation

LABELLED = [Question(f"text {number}", label, label) for number in range(10) for label in ("FEW", "MANY")]
LABELS = Labels(LABELLED)
COMMON = tuple(f"common {number}" for number in range(900))
RARE = tuple(f"rare {number}" for number in range(100))


def shown(max_times: float) -> tuple[list[str], float]:
    """The texts of an epoch that are unlabelled questions, and the share of the rare label among them."""
    taught = np.zeros((1000, 2), np.float32)
    taught[:900, 1] = taught[900:, 0] = 1
    examples = LABELS.examples(LABELLED)
    distillation_set = DistillationSet(
        questions=(*COMMON, *RARE),
        taught=taught,
        translations=(),
        translated=np.zeros((0, 2), np.float32),
        labelled=examples,
        labels=LABELS,
        templates=Templates([], {}, [], []),
        max_times=max_times,
        labelled_times=1,
        made=(0, 0, 0),
        forms={"lower": 1.0},
        others=(),
        none_of_these=0,
    )
    texts, targets = distillation_set.epoch(np.random.default_rng(0))
    assert len(texts) == len(targets)
    unlabelled = [text.text for text in texts if not text.text.startswith("text")]
    assert targets[: len(unlabelled), 0].tolist() == [float(text.startswith("rare")) for text in unlabelled]
    return unlabelled, float(targets[: len(unlabelled), 0].mean())


def test_labels_are_as_frequent_as_in_the_labelled_questions() -> None:
    texts, share = shown(max_times=9)
    assert 0.45 < share < 0.55
    assert 950 < len(texts) < 1050


def test_no_question_is_shown_more_often_than_allowed() -> None:
    assert shown(max_times=1)[1] == pytest.approx(0.1)
    texts, share = shown(max_times=2)
    assert 0.2 < share < 0.35
    # The factor 2, then scaled to a mean of 1, because the other questions are shown less often.
    assert max(texts.count(text) for text in texts) == 3


def test_translations_get_the_answer_to_their_english_text_and_others_belong_to_no_label() -> None:
    translated = np.array([[0.25, 0.75]], np.float32)
    none = Template("turn {it|that} off", "NONE", "en")
    distillation_set = DistillationSet(
        questions=COMMON[:2],
        taught=np.array([[1, 0], [0, 1]], np.float32),
        translations=(Translation("who is it", "de", "Wer ist das?", "xquad.tsv"),),
        translated=translated,
        labelled=LABELS.examples(LABELLED[:2]),
        labels=LABELS,
        templates=Templates([none, replace(none, language="de")], {}, ["FEW", "MANY"], [0.5, 0.5]),
        max_times=1,
        labelled_times=1,
        made=(0, 0, 0),
        forms={"lower": 1.0},
        others=("my card is lost",),
        none_of_these=50,
    )
    texts, targets = distillation_set.epoch(np.random.default_rng(0))
    assert targets.shape == (len(texts), 3)
    german = [row for row, text in enumerate(texts) if text.text.lower().startswith("wer ist das")]
    assert targets[german].tolist() == [[0.25, 0.75, 0]]
    none_rows = targets[:, 2] == 1
    assert none_rows.sum() == 50
    assert targets[none_rows, :2].sum() == 0
    assert targets[~none_rows, :2].sum(axis=1) == pytest.approx(1)
    shown = [text.text.lower() for text, is_none in zip(texts, none_rows, strict=True) if is_none]
    assert sum("card" in text for text in shown) == 25
    assert any("turn" in text for text in shown)
