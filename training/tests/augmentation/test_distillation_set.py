import numpy as np
import pytest

from questiontopic_training.augmentation.distillation_set import DistillationSet
from questiontopic_training.augmentation.templates import Templates
from questiontopic_training.data.examples import Labels
from questiontopic_training.data.questions import Question

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
        (*COMMON, *RARE), taught, examples, LABELS, Templates([], [], []), max_times, 1, 0, 0, {"lower": 1.0}
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
