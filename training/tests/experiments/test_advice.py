from pathlib import Path

import numpy as np
import pytest

from questiontopic_training.data.examples import Examples, Labels
from questiontopic_training.data.questions import Question
from questiontopic_training.encoders.training_encoder import TrainingEncoder, load_encoder
from questiontopic_training.experiments.advice import Advice, advise
from questiontopic_training.experiments.outcome import Outcome
from questiontopic_training.recipes.regression import Regression


@pytest.fixture(scope="module")
def encoder(hub_folder: Path) -> TrainingEncoder:
    return load_encoder(str(hub_folder), None, threads=1)


WORDS = ("parcel late", "refund money", "weather rain")


def outcome(right: float) -> tuple[Outcome, Examples]:
    """An outcome of three folds whose model is right about this share of the rows."""
    labels = Labels([Question(word, word, word) for word in WORDS])
    fine = np.arange(60) % 3
    rows = Examples(tuple(f"{labels.fine[label].name} {row}" for row, label in enumerate(fine)), fine, fine)
    folds = []
    for fold in range(3):
        held_out = rows.rows(np.arange(fold * 20, fold * 20 + 20))
        wrong = (np.arange(20) >= round(20 * right)).astype(int)
        folds.append((np.eye(3, dtype=np.float32)[(held_out.fine + wrong) % 3], held_out))
    return Outcome(labels, False, folds, ()), rows


def test_a_model_that_is_worse_than_regression_is_found_out(encoder: TrainingEncoder) -> None:
    advice = advise(*outcome(right=0.5), encoder, Regression())
    assert advice.regression == 1.0
    assert advice.model == 0.5
    assert advice.regression_is_better
    assert advice.metrics() == {
        "comparison_questions": 60,
        "comparison_accuracy": 0.5,
        "comparison_regression_accuracy": 1.0,
    }
    assert advice.comparison().startswith(
        "logistic regression on the frozen encoder: 100.0%, this model: 50.0% (of 60 held-out rows)"
    )


def test_a_model_that_is_as_good_stays(encoder: TrainingEncoder) -> None:
    advice = advise(*outcome(right=1.0), encoder, Regression())
    assert not advice.regression_is_better
    assert "none of the 60 held-out rows" in "\n".join(advice.lines())


def advice(regression: float, at_half: float | None) -> Advice:
    names, truth, found = ["pay", "card", "other"], [0, 0, 0, 1, 1, 2], [1, 1, 0, 1, 0, 2]
    texts = ["pay by card", "pay now", "pay", "my card", "card fee", "hello"]
    rows = np.array([40, 20, 4])
    return Advice(names, texts, np.array(truth), np.array(found), rows, 6, 0.5, regression, at_half)


def test_the_summary_names_confused_labels_labels_with_few_rows_and_what_more_rows_bring() -> None:
    assert advice(0.8, 0.6).lines() == [
        "What to do next:",
        "  Labels that are confused most, of 6 held-out rows; tell them apart by more rows:",
        "    2 x pay was taken for card, for example: 'pay by card'",
        "    1 x card was taken for pay, for example: 'card fee'",
        "  1 labels have fewer than 10 rows: other (4)",
        "  Labels that are found least often: pay (33% of 3; 40 rows), card (50% of 2; 20 rows)",
        "  Twice as many rows would bring about 25.0 points. This is an estimate: from half of the rows to all of "
        "them, logistic regression gets from 60.0% to 80.0%, and the share of errors is taken to fall as much again.",
    ]


@pytest.mark.parametrize("at_half", [None, 0.8, 0.9])
def test_nothing_is_said_about_more_rows_if_half_of_them_are_as_good(at_half: float | None) -> None:
    assert not any("Twice" in line for line in advice(0.8, at_half).lines())
