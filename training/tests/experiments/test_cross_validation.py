import numpy as np
import pytest

from questiontopic_training.data.examples import Examples
from questiontopic_training.data.questions import DataError
from questiontopic_training.experiments.cross_validation import split_folds


def examples(texts: list[str], fine: list[int]) -> Examples:
    return Examples(tuple(texts), np.array(fine), np.array(fine))


def test_every_row_is_held_out_once_and_folds_have_the_same_mix_of_labels() -> None:
    rows = examples([f"text {number}" for number in range(60)], [number % 3 for number in range(60)])
    folds = split_folds(rows, 5, seed=1)
    assert sorted(np.concatenate([held for _, held in folds])) == list(range(60))
    for kept, held in folds:
        assert not set(kept) & set(held)
        assert np.bincount(rows.fine[held]).tolist() == [4, 4, 4]
    again = split_folds(rows, 5, seed=1)
    other = split_folds(rows, 5, seed=2)
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(folds, again, strict=True))
    assert not all(np.array_equal(a[1], b[1]) for a, b in zip(folds, other, strict=True))


def test_copies_of_a_text_share_a_fold() -> None:
    texts = [f"text {number}" for number in range(30)]
    rows = examples([*texts, *(text.upper() for text in texts)], [number % 3 for number in range(30)] * 2)
    for _, held in split_folds(rows, 3, seed=0):
        assert set(held % 30) == set(held[held < 30])
        assert len(held) == 20


def test_more_folds_than_rows_of_any_label_are_an_error() -> None:
    with pytest.raises(DataError, match="too few rows for 3 folds"):
        split_folds(examples(["a", "b"], [0, 1]), 3, seed=0)
