"""Fits the calibration of a model to its logits for rows that it was not trained on."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from questiontopic_model.bundle.manifest import TemperatureAt
from questiontopic_model.calibration import Calibration, softmax
from questiontopic_model.runtimes.graph import Floats

from ..data.examples import Ints

_TEMPERATURES = np.geomspace(0.1, 10, 401)
# Chosen by cross-validation on the 1,091 held-out rows of TREC, for usem3, minilm and their ensemble. There 2 to 8
# knots and penalties of 3 to 100 hardly differ; all have a lower log loss (by up to 0.006) and a lower calibration
# error than a single temperature.
_KNOTS = 4
_PENALTY = 10.0  # In log losses of one row, for a difference of 1 between the logarithms of neighbours.
_STEP = 0.1  # The first step of the search.


def fit_calibration(found: Floats, truth: Ints) -> Calibration:
    """The calibration with the lowest log loss. With few rows its temperatures hardly differ from each other."""
    base = fit_temperature(found, truth)
    confidences = _knots(softmax(found / np.float32(base)).max(axis=1))

    def refined(logarithms: Floats) -> Calibration:
        temperatures = np.round(base * np.exp(logarithms), 2).tolist()
        return Calibration(base, tuple(map(TemperatureAt, confidences, temperatures)))

    return refined(_fitted(found, truth, base, confidences))


def fit_temperature(found: Floats, truth: Ints) -> float:
    """The single temperature, 0.1 to 10, with the lowest log loss (Guo et al. 2017, arXiv:1706.04599)."""
    return round(float(min(_TEMPERATURES, key=lambda one: _log_loss(Calibration(one), found, truth))), 3)


def _fitted(found: Floats, truth: Ints, base: float, confidences: list[float]) -> Floats:
    """The logarithm of temperature / `base` for each of the confidences."""

    def loss(logarithms: Floats) -> float:
        knots = tuple(map(TemperatureAt, confidences, base * np.exp(logarithms)))
        penalty = float((np.diff(logarithms) ** 2).sum() + logarithms.mean() ** 2)
        return _log_loss(Calibration(base, knots), found, truth) + _PENALTY * penalty / len(truth)

    start = np.zeros(len(confidences))
    simplex = np.vstack([start, _STEP * np.eye(len(start))])
    options = {"initial_simplex": simplex, "xatol": 1e-4, "fatol": 1e-8}
    bounds = [tuple(np.log(_TEMPERATURES[[0, -1]] / base))] * len(start)
    best: Floats = minimize(loss, start, method="Nelder-Mead", bounds=bounds, options=options).x
    return best


def _knots(top: Floats) -> list[float]:
    """Rising confidences: the mean confidences of parts of the rows with equal numbers of expected errors."""
    top = np.sort(top)
    expected = np.cumsum(1 - top)
    part = np.minimum(_KNOTS * expected / max(expected[-1], 1e-9), _KNOTS - 1).astype(int)
    return sorted({round(float(top[part == one].mean()), 3) for one in set(part.tolist())})


def _log_loss(calibration: Calibration, found: Floats, truth: Ints) -> float:
    probabilities = calibration.confidences(found)[np.arange(len(truth)), truth]
    return -float(np.log(probabilities + 1e-12).mean())
