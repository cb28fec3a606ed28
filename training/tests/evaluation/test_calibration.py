import numpy as np
import numpy.typing as npt
import pytest

from questiontopic_model.calibration import Calibration
from questiontopic_model.runtimes.graph import Floats
from questiontopic_training.data.examples import Ints
from questiontopic_training.evaluation.calibration import fit_calibration, fit_temperature
from questiontopic_training.evaluation.metrics import calibration_error

ROWS, LABELS = 4000, 12


def drawn(sharpness: npt.NDArray[np.float64], random: np.random.Generator) -> tuple[Floats, Ints]:
    """Logits, and labels drawn with the probabilities of the logits; then each row is multiplied by its sharpness."""
    logits = random.normal(0, 2.5, (len(sharpness), LABELS)).astype(np.float32)
    cumulative = Calibration().confidences(logits).cumsum(axis=1)
    truth = (cumulative < random.random((len(sharpness), 1)) * cumulative[:, -1:]).sum(axis=1)
    return logits * sharpness[:, np.newaxis].astype(np.float32), truth


def log_loss(calibration: Calibration, logits: Floats, truth: Ints) -> float:
    return -float(np.log(calibration.confidences(logits)[np.arange(len(truth)), truth]).mean())


@pytest.mark.parametrize("temperature", [0.5, 1, 3])
def test_the_temperature_is_found(temperature: float) -> None:
    logits, truth = drawn(np.full(ROWS, temperature), np.random.default_rng(0))
    assert fit_temperature(logits, truth) == pytest.approx(temperature, rel=0.06)
    found = fit_calibration(logits, truth)
    assert [one.temperature for one in found.temperatures] == pytest.approx([temperature] * 4, rel=0.15)


def test_temperatures_may_differ_by_confidence() -> None:
    random = np.random.default_rng(0)
    logits, truth = drawn(np.ones(2 * ROWS), random)
    logits *= 0.7 + 1.8 * Calibration().confidences(logits).max(axis=1, keepdims=True)
    one = Calibration(fit_temperature(logits[:ROWS], truth[:ROWS]))
    refined = fit_calibration(logits[:ROWS], truth[:ROWS])
    other_rows, right = logits[ROWS:], truth[ROWS:]
    assert log_loss(refined, other_rows, right) < log_loss(one, other_rows, right) - 0.01
    before, after = (calibration_error(each.confidences(other_rows), right) for each in (one, refined))
    assert after < 0.75 * before


def test_few_rows_give_nearly_equal_temperatures() -> None:
    logits, truth = drawn(np.ones(20), np.random.default_rng(1))
    found = fit_calibration(logits, truth)
    temperatures = [one.temperature for one in found.temperatures]
    assert max(temperatures) / min(temperatures) < 1.5


@pytest.mark.parametrize("sharpness", [0, 1000])
def test_extreme_logits_are_no_error(sharpness: float) -> None:
    logits, truth = drawn(np.full(50, sharpness), np.random.default_rng(2))
    found = fit_calibration(logits, truth)
    assert np.isfinite(found.confidences(logits)).all()


def test_the_same_rows_give_the_same_calibration() -> None:
    rows = drawn(np.ones(500), np.random.default_rng(3))
    assert fit_calibration(*rows) == fit_calibration(*rows)


def test_an_easy_task_stays_within_the_range_of_temperatures() -> None:
    logits = np.zeros((40, 6), np.float32)
    truth = np.arange(40) % 6
    logits[np.arange(40), truth] = 1  # All rows are right.
    found = fit_calibration(logits, truth)
    assert all(0.1 <= one.temperature <= 10 for one in found.temperatures)
    noise, anything = drawn(np.full(60, 30.0), np.random.default_rng(4))
    found = fit_calibration(noise, np.random.default_rng(5).permutation(anything))
    assert all(0.1 <= one.temperature <= 10 for one in found.temperatures)


def test_small_differences_of_logits_make_small_differences_of_temperatures() -> None:
    logits, truth = drawn(np.ones(1000), np.random.default_rng(6))
    noise = np.random.default_rng(7).normal(0, 1e-6, logits.shape).astype(np.float32)
    first, second = (fit_calibration(rows, truth).temperatures for rows in (logits, logits + noise))
    for one, other in zip(first, second, strict=True):
        assert other.temperature == pytest.approx(one.temperature, abs=0.011)
