"""Calibration turns logits into confidences that match how often the model is right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .bundle.manifest import TemperatureAt
from .runtimes.graph import Floats


@dataclass(frozen=True)
class Calibration:
    """Divides logits by a temperature before the softmax (Guo et al. 2017, arXiv:1706.04599).

    One temperature for all texts is a compromise between clear texts and texts that lie between several labels.
    With `temperatures`, each text has its own: its top confidence at `temperature` is looked up in `temperatures`,
    with linear interpolation between two entries, and with the first or the last entry outside all of them.
    The labels of one text keep their order. Two texts, sorted by top confidence, may change places.
    """

    temperature: float = 1.0
    temperatures: tuple[TemperatureAt, ...] = ()

    def confidences(self, logits: Floats) -> Floats:
        """Rows of confidences that sum to 1, from logits of shape [texts, labels]."""
        at_one_temperature = softmax(logits / np.float32(self.temperature))
        if not self.temperatures:
            return at_one_temperature
        confidences = [entry.confidence for entry in self.temperatures]
        temperatures = [entry.temperature for entry in self.temperatures]
        found = np.interp(at_one_temperature.max(axis=1), confidences, temperatures)
        return softmax(logits / found.astype(np.float32)[:, np.newaxis])


def softmax(logits: Floats) -> Floats:
    """Rows of probabilities that sum to 1."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: Floats = shifted / shifted.sum(axis=1, keepdims=True)
    return probabilities
