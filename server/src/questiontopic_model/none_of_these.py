"""The score "none of these": the probability that a text belongs to none of the labels.

The graph of a bundle with this score has one more output than labels, the last one: a raw logit. The manifest's
`none_of_these` calibrates it together with the labels' logits. A text that belongs to none of the labels gets low
logits for all of them, so their energy, which is high then, tells too (Liu et al. 2020, arXiv:2010.03759). The logits
and the confidences of the labels do not depend on the score.
"""

from __future__ import annotations

import numpy as np

from .bundle.manifest import Manifest, NoneOfThese
from .runtimes.graph import Floats


def output_count(manifest: Manifest) -> int:
    """The number of outputs that the manifest's graph must have for each text."""
    return len(manifest.fine_labels or manifest.coarse_labels) + (manifest.none_of_these is not None)


def label_logits(outputs: Floats, calibration: NoneOfThese | None) -> Floats:
    """The logits of the labels, shape [texts, labels]. Without a calibration, all outputs are labels."""
    return outputs if calibration is None else outputs[:, :-1]


def calibrated_logits(outputs: Floats, calibration: NoneOfThese) -> Floats:
    """The calibrated logits of the score, shape [texts]."""
    logits: Floats = outputs[:, -1] * np.float32(calibration.scale) + np.float32(calibration.shift)
    if calibration.energy:
        logits += energy(outputs) * np.float32(calibration.energy)
    return logits


def energy(outputs: Floats) -> Floats:
    """The energy of the labels' logits, shape [texts]."""
    labels = outputs[:, :-1]
    highest = labels.max(axis=1)
    found: Floats = -highest - np.log(np.exp(labels - highest[:, np.newaxis]).sum(axis=1))
    return found


def scores(outputs: Floats, calibration: NoneOfThese) -> Floats:
    """The scores from 0 to 1, shape [texts]."""
    # This is the sigmoid function, in a form that cannot overflow.
    found: Floats = 0.5 + 0.5 * np.tanh(0.5 * calibrated_logits(outputs, calibration))
    return found
