"""How well the score "none of these" tells texts that belong to a label from others, and the fit of its calibration."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from questiontopic_model.bundle.manifest import NoneOfThese
from questiontopic_model.none_of_these import energy
from questiontopic_model.runtimes.graph import Floats

_LEAST = 1e-3  # Of a weight, so that a higher logit is a higher score even if the texts cannot be told apart.
_KEPT = 0.95  # The share of texts with a label that a threshold keeps, for the false positive rate.


def fit_none_of_these(labelled: Floats, others: Floats) -> NoneOfThese:
    """The calibration for outputs of texts with a label and of others; both kinds count alike."""
    outputs = np.concatenate([labelled, others])
    found = np.column_stack((outputs[:, -1], energy(outputs)))
    truth = np.repeat([0, 1], [len(labelled), len(others)])
    used = [0, 1]
    fitted = LogisticRegression(class_weight="balanced").fit(found, truth)
    if fitted.coef_.min() < 0:  # Neither may speak for a label, or a text could get unlike all others unnoticed.
        used = [int(fitted.coef_[0].argmax())]
        fitted = LogisticRegression(class_weight="balanced").fit(found[:, used], truth)
    weights = dict(zip(used, np.maximum(fitted.coef_[0], _LEAST).round(4).tolist(), strict=True))
    return NoneOfThese(weights.get(0, 0.0), round(float(fitted.intercept_[0]), 4), weights.get(1, 0.0))


def separation(labelled: Floats, others: Floats) -> dict[str, float]:
    """How well scores separate the two kinds: AUROC, and the false positive rate.

    The false positive rate is the share of the others that a threshold lets through which keeps 95 % of the texts with
    a label. `flagged` and `kept` are the shares of others and of texts with a label on their side of the score 0.5.
    """
    truth = np.repeat([0, 1], [len(labelled), len(others)])
    threshold = np.quantile(labelled, _KEPT)
    return {
        "questions": len(labelled),
        "others": len(others),
        "auroc": round(float(roc_auc_score(truth, np.concatenate([labelled, others]))), 4),
        "false_positive_rate": round(float((others <= threshold).mean()), 4),
        "flagged": round(float((others >= 0.5).mean()), 4),
        "kept": round(float((labelled < 0.5).mean()), 4),
    }
