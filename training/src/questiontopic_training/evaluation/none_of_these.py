"""How well the score "none of these" tells texts that belong to a label from others, and the fit of its calibration."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from questiontopic_model.bundle.manifest import NoneOfThese
from questiontopic_model.runtimes.graph import Floats

_KEPT = 0.95  # The share of texts with a label that a threshold keeps, for the false positive rate.


def fit_none_of_these(labelled: Floats, others: Floats) -> NoneOfThese:
    """The calibration for raw logits of texts with a label and of others; both kinds count alike."""
    logits = np.concatenate([labelled, others])[:, np.newaxis]
    truth = np.repeat([0, 1], [len(labelled), len(others)])
    fitted = LogisticRegression(class_weight="balanced").fit(logits, truth)
    scale, shift = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    return NoneOfThese(round(max(scale, 1e-3), 4), round(shift, 4))


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
