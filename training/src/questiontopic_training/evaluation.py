"""How good a graph's answers are: logits of many texts, accuracy, calibration and the temperature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import accuracy_score, classification_report

from questiontopic_server.model.encoder import Encoder, Floats, Graph
from questiontopic_server.model.topic_model import softmax

from .examples import Examples, Ints, Labels

_BATCH = 64
_TEMPERATURES = np.geomspace(0.1, 10, 401)


@dataclass(frozen=True)
class Evaluation:
    """Probabilities of both levels, [texts, labels]; `fine` is None for a model without fine labels."""

    coarse: Floats
    fine: Floats | None
    truth: Examples

    def metrics(self, prefix: str) -> dict[str, float]:
        """Accuracy and expected calibration error of each level and the number of texts, named `{prefix}_...`."""
        values: dict[str, float] = {f"{prefix}_questions": len(self.truth)}
        for level, probabilities, truth in self.levels():
            values[f"{prefix}_{level}_accuracy"] = float(accuracy_score(truth, probabilities.argmax(axis=1)))
            values[f"{prefix}_{level}_expected_calibration_error"] = calibration_error(probabilities, truth)
        return values

    def table(self, labels: Labels) -> str:
        """Precision, recall and F1 of each coarse label, as text."""
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
        """For each level: its name, the probabilities and the right labels' numbers."""
        levels = [("coarse", self.coarse, self.truth.coarse)]
        return levels if self.fine is None else [*levels, ("fine", self.fine, self.truth.fine)]


def logits(encoder: Encoder, graph: Graph, texts: Sequence[str]) -> Floats:
    """The graph's outputs for prepared texts, computed in batches."""
    starts = range(0, len(texts), _BATCH)
    return np.concatenate([graph.run(encoder.encode(texts[start : start + _BATCH]).inputs) for start in starts])


def evaluate(found: Floats, truth: Examples, labels: Labels, fine: bool, temperature: float) -> Evaluation:
    """What logits say at a temperature; `fine` says whether they are of fine labels."""
    finest = softmax(found / np.float32(temperature))
    return Evaluation(finest @ labels.matrix, finest, truth) if fine else Evaluation(finest, None, truth)


def fit_temperature(found: Floats, truth: Examples, labels: Labels, fine: bool) -> float:
    """The temperature (0.1 to 10) with the lowest log loss, of both levels together if there are two."""

    def loss(temperature: float) -> float:
        levels = evaluate(found, truth, labels, fine, temperature).levels()
        return sum(-float(np.log(p[np.arange(len(t)), t] + 1e-12).mean()) for _, p, t in levels)

    return round(float(min(_TEMPERATURES, key=loss)), 3)


def calibration_error(probabilities: Floats, truth: npt.NDArray[np.int64], bins: int = 15) -> float:
    """Expected calibration error: |accuracy - confidence| of the top label in equally wide bins, weighted by size."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    gap = np.bincount(index, right - confidence, bins)  # In each bin: its size times (accuracy - confidence).
    return float(np.abs(gap).sum() / len(truth))
