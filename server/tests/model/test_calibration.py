from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from questiontopic_model.bundle.manifest import TemperatureAt
from questiontopic_model.calibration import Calibration, softmax
from questiontopic_model.runtimes.graph import Floats

LOGITS = arrays(np.float32, (3, 5), elements=st.floats(-20, 20, width=32))
ENTRIES = st.lists(st.tuples(st.floats(0.2, 1), st.floats(0.25, 4)), max_size=5, unique_by=lambda entry: entry[0])


def calibration(temperature: float, entries: Sequence[tuple[float, float]]) -> Calibration:
    return Calibration(temperature, tuple(TemperatureAt(*entry) for entry in sorted(entries)))


@given(LOGITS, st.floats(0.25, 4), ENTRIES)
def test_labels_keep_their_order_and_confidences_sum_to_one(
    logits: Floats, temperature: float, entries: list[tuple[float, float]]
) -> None:
    found = calibration(temperature, entries).confidences(logits)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    for row, confidences in zip(logits, found, strict=True):
        assert (np.diff(confidences[np.argsort(row, kind="stable")]) >= 0).all()


@given(LOGITS, st.floats(0.25, 4), ENTRIES)
def test_a_text_s_confidences_do_not_depend_on_its_neighbours(
    logits: Floats, temperature: float, entries: list[tuple[float, float]]
) -> None:
    together = calibration(temperature, entries)
    alone = np.concatenate([together.confidences(row[np.newaxis]) for row in logits])
    np.testing.assert_allclose(together.confidences(logits), alone, atol=1e-6)


def test_the_temperature_is_that_of_the_top_confidence() -> None:
    logits = np.log(np.array([[0.5, 0.3, 0.2], [0.7, 0.2, 0.1], [0.9, 0.06, 0.04], [0.4, 0.3, 0.3]], np.float32))
    found = calibration(1, [(0.5, 1.0), (0.9, 2.0)]).confidences(logits)
    for row, temperature in enumerate(np.array([1, 1.5, 2, 1], np.float32)):
        np.testing.assert_allclose(found[row], softmax(logits[row : row + 1] / temperature)[0], atol=1e-5)


def test_without_temperatures_the_one_temperature_is_used() -> None:
    logits = np.array([[1, 2, 3]], np.float32)
    np.testing.assert_array_equal(Calibration(2).confidences(logits), softmax(logits / np.float32(2)))
