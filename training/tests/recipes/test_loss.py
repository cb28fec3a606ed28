import keras
import numpy as np
import pytest

from questiontopic_training.recipes.loss import topic_loss

LOGITS = np.array([[2.0, 1.0, 0.0], [0.0, 0.0, 3.0]], np.float32)
PROBABILITIES = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)


def values(matrix: list[list[int]]) -> list[float]:
    loss = topic_loss(np.array(matrix, np.float32), smoothing=0.0)
    return list(keras.ops.convert_to_numpy(loss(np.array([1, 2]), LOGITS)))


def test_with_two_levels_both_cross_entropies_count() -> None:
    found = values([[1, 0], [1, 0], [0, 1]])
    coarse = [PROBABILITIES[0, 0] + PROBABILITIES[0, 1], PROBABILITIES[1, 2]]
    fine = [PROBABILITIES[0, 1], PROBABILITIES[1, 2]]
    assert found == pytest.approx([-np.log(one) - np.log(two) for one, two in zip(fine, coarse, strict=True)], rel=1e-4)


def test_without_a_hierarchy_the_labels_count_once() -> None:
    found = values(np.eye(3, dtype=int).tolist())
    assert found == pytest.approx([-np.log(PROBABILITIES[0, 1]), -np.log(PROBABILITIES[1, 2])], rel=1e-4)
