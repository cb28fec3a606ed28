"""Cross-validation: every row is answered once, by a model that was not trained on it.

Copies of a text are in the same fold, so that no model is asked a text that it was trained on.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold

from ..data.duplicates import normalized
from ..data.examples import Examples, Ints
from ..data.questions import DataError
from ..evaluation.metrics import Evaluation

NAME = "cross_validation"


def split_folds(examples: Examples, number: int, seed: int) -> list[tuple[Ints, Ints]]:
    """For each fold the rows to train on and the held-out rows; all folds have the same mix of fine labels."""
    texts = [normalized(text) for text in examples.texts]
    first = {text: row for row, text in reversed([*enumerate(texts)])}
    rows = np.array(sorted(first.values()))
    try:
        parts = [*StratifiedKFold(number, shuffle=True, random_state=seed).split(rows, examples.fine[rows])]
    except ValueError as error:
        raise DataError(f"too few rows for {number} folds: {error}; add rows or lower --folds") from None
    fold_of_first = np.zeros(len(texts), np.int64)
    for fold, (_, held_out) in enumerate(parts):
        fold_of_first[rows[held_out]] = fold
    folds = fold_of_first[[first[text] for text in texts]]
    return [(np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)) for fold in range(number)]


def fold_metrics(together: Evaluation, folds: Sequence[Evaluation]) -> dict[str, float]:
    """The metrics of all rows together, and the mean and sample standard deviation of the accuracy over the folds."""
    metrics = together.metrics(NAME) | {f"{NAME}_folds": len(folds)}
    accuracies = [fold.accuracy() for fold in folds]
    for level, found, truth in together.levels():
        column = [accuracy[level] for accuracy in accuracies]
        metrics[f"{NAME}_{level}_accuracy_mean"] = float(np.mean(column))
        metrics[f"{NAME}_{level}_accuracy_std"] = float(np.std(column, ddof=1))
        metrics[f"{NAME}_{level}_macro_f1"] = float(f1_score(truth, found.argmax(axis=1), average="macro"))
    return metrics
