import numpy as np

from questiontopic_model.none_of_these import scores
from questiontopic_model.runtimes.graph import Floats
from questiontopic_training.augmentation.none_of_these import draw_none
from questiontopic_training.augmentation.templates import none_templates
from questiontopic_training.evaluation.none_of_these import fit_none_of_these, separation


def test_scores_are_shares_of_texts_without_a_label_when_both_kinds_are_equally_frequent() -> None:
    random = np.random.default_rng(0)

    def outputs(middle: float, number: int) -> Floats:
        """Labels' logits that tell nothing, and a raw logit that does."""
        raw = random.normal(middle, 1, number)
        return np.column_stack((np.zeros((number, 3)), raw)).astype(np.float32)

    fitted = fit_none_of_these(outputs(-1, 20_000), outputs(1, 2_000))
    assert abs(fitted.scale - 2) < 0.1  # The log odds of these normal distributions are 2 x.
    low, high = scores(np.array([[0, 0, 0, 0], [0, 0, 0, 3]], np.float32), fitted)
    assert abs(low - 0.5) < 0.05
    assert high > 0.99


def test_low_logits_of_all_labels_speak_for_none_of_them() -> None:
    random = np.random.default_rng(0)
    known = np.column_stack((random.normal((8, 0), 1, (500, 2)), np.zeros(500))).astype(np.float32)
    unknown = np.column_stack((random.normal((3, 3), 1, (500, 2)), np.zeros(500))).astype(np.float32)
    fitted = fit_none_of_these(known, unknown)
    assert fitted.energy > 0.5
    low, high = scores(np.array([[9, 0, 0], [2, 2, 0]], np.float32), fitted)
    assert low < 0.1
    assert high > 0.9


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
