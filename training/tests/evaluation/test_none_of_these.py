import numpy as np

from questiontopic_model.none_of_these import scores
from questiontopic_training.augmentation.none_of_these import draw_none
from questiontopic_training.augmentation.templates import none_templates
from questiontopic_training.evaluation.none_of_these import fit_none_of_these, separation


def test_scores_are_shares_of_texts_without_a_label_when_both_kinds_are_equally_frequent() -> None:
    random = np.random.default_rng(0)
    labelled, others = random.normal(-1, 1, 20_000), random.normal(1, 1, 2_000)
    fitted = fit_none_of_these(labelled.astype(np.float32), others.astype(np.float32))
    assert abs(fitted.scale - 2) < 0.1  # The log odds of these normal distributions are 2 x.
    assert abs(fitted.shift) < 0.1
    outputs = np.array([[0.0, 0.0], [0.0, 3.0]], np.float32)
    low, high = scores(outputs, fitted)
    assert abs(low - 0.5) < 0.05
    assert high > 0.99


def test_separation_counts_both_kinds_of_errors() -> None:
    found = separation(*(np.linspace(low, low + 0.6, 101).astype(np.float32) for low in (0, 0.4)))
    assert found["questions"] == found["others"] == 101
    assert 0.9 < found["auroc"] < 0.96
    assert abs(found["false_positive_rate"] - 17 / 60) < 0.02  # 0.57 keeps 95 %.
    assert abs(found["flagged"] - 5 / 6) < 0.02
    assert abs(found["kept"] - 5 / 6) < 0.02


def test_drawn_texts_are_of_every_kind_and_the_same_again() -> None:
    texts = draw_none(("freeze my card",), none_templates(), 400, np.random.default_rng(5))
    assert texts == draw_none(("freeze my card",), none_templates(), 400, np.random.default_rng(5))
    assert len(texts) == 400
    assert sum("freeze my card" in text.lower() for text in texts) == 200
    noise = texts[-32:]
    assert all(text.strip() for text in texts)
    assert any(text.isascii() and not any(letter.isalpha() for letter in text) for text in noise)
    assert any(not text.isascii() for text in texts)  # Other languages.
