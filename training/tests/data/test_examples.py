import numpy as np
import pytest

from questiontopic_training.data.examples import Examples, Labels
from questiontopic_training.data.questions import DataError, Question, QuestionSet


def test_labels_are_sorted_and_the_matrix_maps_fine_to_coarse(data: QuestionSet) -> None:
    labels = Labels(data.training)
    assert labels.coarse == ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM")
    assert [label.name for label in labels.fine] == sorted(label.name for label in labels.fine)
    examples = labels.examples(data.test)
    assert (labels.matrix[examples.fine].argmax(axis=1) == examples.coarse).all()


def test_a_split_keeps_every_label_in_both_parts(data: QuestionSet) -> None:
    kept, held = Labels(data.training).examples(data.training).split(0.1, seed=1)
    assert (len(kept), len(held)) == (162, 18)
    assert set(kept.fine) == set(held.fine) == set(range(12))
    assert not set(kept.texts) & set(held.texts)


def test_a_test_label_without_training_is_an_error(data: QuestionSet) -> None:
    with pytest.raises(DataError, match="does not occur in the training file"):
        Labels(data.training).examples([Question("Who ?", "HUM", "HUM:title")])


def test_too_few_rows_for_a_split_are_an_error(data: QuestionSet) -> None:
    with pytest.raises(DataError, match="too few training rows"):
        Labels(data.training).examples(data.training[:12]).split(0.1, seed=1)


def test_balance_raises_rare_labels_and_keeps_the_mean() -> None:
    rows = examples([str(number) for number in range(10)], [0] * 8 + [1] * 2)
    assert rows.weights(0).tolist() == [1] * 10
    assert rows.weights(1)[-1] / rows.weights(1)[0] == pytest.approx(4)
    assert rows.weights(0.5)[-1] / rows.weights(0.5)[0] == pytest.approx(2)
    assert rows.weights(0.5).mean() == pytest.approx(1)


def examples(texts: list[str], fine: list[int]) -> Examples:
    return Examples(tuple(texts), np.array(fine), np.array(fine))
