"""Calibration: from logits to confidences that are right as often as they say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .bundle.manifest import TemperatureAt
from .runtimes.graph import Floats


@dataclass(frozen=True)
class Calibration:
    """The temperature that logits are divided by (Guo et al. 2017, arXiv:1706.04599), refined by how sure a text is.

    One temperature for all is a compromise between texts of which a model is nearly sure, and those between several
    labels. With `temperatures` it is that of the text's top confidence at `temperature`: between two of them linear,
    below the first the first, above the last the last. The labels of a text keep their order; that of two texts, by
    their top confidence, may change.
    """

    temperature: float = 1.0
    temperatures: tuple[TemperatureAt, ...] = ()

    def confidences(self, logits: Floats) -> Floats:
        """Rows of confidences that sum to 1, of logits [texts, labels]."""
        found = softmax(logits / np.float32(self.temperature))
        if not self.temperatures:
            return found
        known = [one.confidence for one in self.temperatures]
        own = np.interp(found.max(axis=1), known, [one.temperature for one in self.temperatures])
        return softmax(logits / own.astype(np.float32)[:, np.newaxis])


def softmax(logits: Floats) -> Floats:
    """Rows of probabilities that sum to 1."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: Floats = shifted / shifted.sum(axis=1, keepdims=True)
    return probabilities
