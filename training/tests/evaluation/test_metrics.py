import numpy as np
import pytest

from questiontopic_model.calibration import Calibration
from questiontopic_training.data.examples import Labels
from questiontopic_training.data.questions import QuestionSet
from questiontopic_training.evaluation.metrics import (
    calibration_error,
    chance_calibration_error,
    equal_mass_calibration_error,
    evaluate_logits,
)


def test_calibration_error_by_hand() -> None:
    # One bin has the answers 0.9 and 0.92, of which one is right; another has 0.6, 0.62 and 0.65, which are all right.
    probabilities = np.array([[0.9, 0.1], [0.92, 0.08], [0.6, 0.4], [0.62, 0.38], [0.65, 0.35]], np.float32)
    truth = np.array([0, 1, 0, 0, 0])
    expected = (2 / 5) * abs(0.91 - 1 / 2) + (3 / 5) * abs((0.6 + 0.62 + 0.65) / 3 - 1)
    assert calibration_error(probabilities, truth) == pytest.approx(expected)


def test_certainty_falls_into_the_last_bin() -> None:
    assert calibration_error(np.array([[1.0, 0.0], [0.0, 1.0]], np.float32), np.array([0, 0])) == pytest.approx(0.5)


def test_chance_calibration_error_by_hand() -> None:
    # One answer with 0.75 has the error 0.25 with the probability 3/4, else the error 0.75. Four answers with 0.5 in
    # one bin have the error 0.5 with the probability 2/16 and the error 0.25 with the probability 8/16.
    one = np.array([[0.75, 0.25]], np.float32)
    assert chance_calibration_error(one) == pytest.approx(0.375, abs=0.02)
    four = np.full((4, 2), 0.5, np.float32)
    assert chance_calibration_error(four) == pytest.approx(0.5 * 2 / 16 + 0.25 * 8 / 16, abs=0.01)
    together = chance_calibration_error(np.concatenate([one, four]))
    assert together == pytest.approx((0.375 + 4 * 0.1875) / 5, abs=0.01)
    assert chance_calibration_error(np.array([[1.0, 0.0]], np.float32)) == 0


def test_equal_mass_calibration_error_by_hand() -> None:
    # Thirty answers from 0.80 to 0.86, all in one bin of equal width: the 14 with the lowest confidence are right.
    confidence = np.linspace(0.801, 0.865, 30, dtype=np.float32)
    probabilities, wrong = np.stack([confidence, 1 - confidence], axis=1), (np.arange(30) >= 14).astype(int)
    order = np.random.default_rng(0).permutation(30)
    pairs = zip(np.split(confidence, 15), np.split(wrong, 15), strict=True)
    expected = np.mean([abs(pair.mean() - (1 - of.mean())) for pair, of in pairs])
    found = equal_mass_calibration_error(probabilities[order], wrong[order])
    assert found == pytest.approx(expected, abs=1e-6)
    assert found > calibration_error(probabilities, wrong) + 0.1


def test_fewer_answers_than_bins_have_one_bin_each() -> None:
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4]], np.float32)
    assert equal_mass_calibration_error(probabilities, np.array([0, 1])) == pytest.approx((0.1 + 0.6) / 2)


def test_metrics_count_both_levels(data: QuestionSet) -> None:
    labels = Labels(data.training)
    truth = labels.examples(data.test[:4])
    logits = np.full((4, 12), -20, np.float32)
    logits[range(4), truth.fine] = 20
    logits[0] = -20
    logits[0, (truth.fine[0] + 1) % 2] = 20  # The other fine label of the same coarse label.
    metrics = evaluate_logits(logits, truth, labels, fine=True, calibration=Calibration()).metrics("test")
    assert (metrics["test_questions"], metrics["test_coarse_accuracy"], metrics["test_fine_accuracy"]) == (4, 1, 0.75)
