"""Metrics of the answers to labelled texts: accuracy and calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import classification_report

from questiontopic_model.calibration import Calibration
from questiontopic_model.encoders.encoder import Encoder
from questiontopic_model.runtimes.graph import Floats, Graph

from ..data.examples import Examples, Ints, Labels

BINS = 15  # For reliability and calibration error.
_BATCH = 64
_DRAWS = 1000  # Simulations for the chance calibration error, which give its mean to about 1 %.


@dataclass(frozen=True)
class Evaluation:
    """The probabilities that a model gives to texts, and the right labels.

    `coarse` and `fine` are [texts, labels]; `fine` is None for a model without fine labels.
    """

    coarse: Floats
    fine: Floats | None
    truth: Examples

    def metrics(self, prefix: str) -> dict[str, float]:
        """The number of texts, and the accuracy and calibration of each level; all names begin with `{prefix}_`."""
        values: dict[str, float] = {f"{prefix}_questions": len(self.truth)}
        accuracy = self.accuracy()
        for level, probabilities, truth in self.levels():
            own = f"{prefix}_{level}"
            values[f"{own}_accuracy"] = accuracy[level]
            values[f"{own}_expected_calibration_error"] = calibration_error(probabilities, truth)
            values[f"{own}_chance_calibration_error"] = chance_calibration_error(probabilities)
            values[f"{own}_equal_mass_calibration_error"] = equal_mass_calibration_error(probabilities, truth)
            values[f"{own}_brier_score"] = brier_score(probabilities, truth)
        return values

    def accuracy(self) -> dict[str, float]:
        """For each level the share of texts whose top label is right."""
        return {level: float((found.argmax(axis=1) == truth).mean()) for level, found, truth in self.levels()}

    def table(self, labels: Labels) -> str:
        """A text table with precision, recall and F1 of each coarse label."""
        report: str = classification_report(
            self.truth.coarse,
            self.coarse.argmax(axis=1),
            labels=range(len(labels.coarse)),
            target_names=labels.coarse,
            digits=3,
            zero_division=0,
        )
        return report

    def levels(self) -> list[tuple[str, Floats, Ints]]:
        """For each level its name, its probabilities and the numbers of the right labels."""
        levels = [("coarse", self.coarse, self.truth.coarse)]
        return levels if self.fine is None else [*levels, ("fine", self.fine, self.truth.fine)]


def compute_logits(encoder: Encoder, graph: Graph, texts: Sequence[str]) -> Floats:
    """The logits of prepared texts, computed in batches."""
    from ..progress import bar  # Imported here because it imports Keras, which reports do not need.

    starts = range(0, len(texts), _BATCH)
    with bar(starts, "answering", len(starts), "batch", leave=False) as progress:
        return np.concatenate([graph.run(encoder.encode(texts[start : start + _BATCH]).inputs) for start in progress])


def evaluate_logits(found: Floats, truth: Examples, labels: Labels, fine: bool, calibration: Calibration) -> Evaluation:
    """The evaluation of logits, which are of fine labels if `fine`, else of coarse labels."""
    return evaluate_probabilities(calibration.confidences(found), truth, labels, fine)


def evaluate_probabilities(finest: Floats, truth: Examples, labels: Labels, fine: bool) -> Evaluation:
    """The evaluation of probabilities, which are of fine labels if `fine`, else of coarse labels."""
    return Evaluation(finest @ labels.matrix, finest, truth) if fine else Evaluation(finest, None, truth)


def brier_score(probabilities: Floats, truth: Ints) -> float:
    """The mean squared distance of the probabilities from the right answer, 0 to 2 (Brier 1950)."""
    right = np.eye(probabilities.shape[1], dtype=np.float32)[truth]
    return float(((probabilities - right) ** 2).sum(axis=1).mean())


@dataclass(frozen=True)
class Bin:
    """The answers with a top confidence from `low` to `high`: their number, mean confidence and accuracy."""

    low: float
    high: float
    answers: int
    confidence: float
    accuracy: float


def reliability(probabilities: Floats, truth: Ints) -> list[Bin]:
    """Bins of equal width over the top confidence, without empty bins (Guo et al. 2017, arXiv:1706.04599)."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    number = _bin_numbers(confidence)
    return [
        Bin(one / BINS, (one + 1) / BINS, int(of.sum()), float(confidence[of].mean()), float(right[of].mean()))
        for one in range(BINS)
        if (of := number == one).any()
    ]


def calibration_error(probabilities: Floats, truth: Ints) -> float:
    """Expected calibration error: the mean of |accuracy - confidence| over the bins, weighted by their answers."""
    found = reliability(probabilities, truth)
    return sum(abs(one.accuracy - one.confidence) * one.answers for one in found) / len(truth)


def chance_calibration_error(probabilities: Floats) -> float:
    """The mean calibration error of a perfectly calibrated model with these confidences.

    It is above 0 because bins have few answers (consistency resampling: Bröcker & Smith 2007, doi:10.1175/WAF993.1).
    """
    confidence = probabilities.max(axis=1)
    number, random = _bin_numbers(confidence), np.random.default_rng(0)
    errors = [
        np.abs(np.bincount(number, (random.random(len(confidence)) < confidence) - confidence)).sum()
        for _ in range(_DRAWS)
    ]
    return float(np.mean(errors)) / len(confidence)


def equal_mass_calibration_error(probabilities: Floats, truth: Ints) -> float:
    """The calibration error with bins of equally many answers (Roelofs et al. 2022, arXiv:2012.08668).

    Chance disturbs it less, because no bin is nearly empty.
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    bins = np.array_split(np.argsort(confidence, kind="stable"), min(BINS, len(truth)))
    return sum(len(of) * abs(float(right[of].mean() - confidence[of].mean())) for of in bins) / len(truth)


def _bin_numbers(confidence: Floats) -> Ints:
    numbers: Ints = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return numbers
