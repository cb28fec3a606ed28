"""Stores a fine-tuned MiniLM as its differences from the published weights, in 4 bits each.

Fine-tuning changes the weights by about 2 %. Every 64 differences share a scale and are rounded to 15 steps of it; no
answer that we know of changed by this. `questiontopic_model.encoders.minilm` reads the file.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from questiontopic_model.encoders.minilm import GROUP, Differences, Weights, published_weights, unpack
from questiontopic_model.runtimes.graph import Floats

_STEPS = 7
_CLIPS = (1.0, 0.9, 0.8, 0.7, 0.6)  # The largest step is one of these shares of the largest difference.


def pack(trained: Weights) -> Differences:
    """The rounded differences of trained weights. Unpacking and packing them again gives the same values."""
    packed: Differences = {}
    for name, published in published_weights().items():
        difference = trained[name] - published
        if difference.ndim == 1:  # Biases and norms: few numbers, so they keep 16 bits.
            packed[name] = difference.astype(np.float16)
        else:
            packed[name], packed[f"{name}/scale"] = _quantize(difference)
    return packed


def quantized(trained: Weights) -> Weights:
    """The weights that are read back from a bundle with the differences of `trained`."""
    packed = pack(trained)
    return {name: weight + unpack(packed, name, weight.shape) for name, weight in published_weights().items()}


def save_differences(trained: Weights, path: Path) -> None:
    """Writes the differences into an `.npz` file."""
    np.savez_compressed(path, allow_pickle=False, **pack(trained))


def _quantize(difference: Floats) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float16]]:
    groups = difference.reshape(-1, GROUP)
    largest = np.abs(groups).max(axis=1, keepdims=True) / _STEPS
    best, min_error = largest, np.full_like(largest, np.inf)
    for clip in _CLIPS:
        scale = (largest * clip).astype(np.float16).astype(np.float32)
        scale = np.maximum(scale, np.finfo(np.float16).smallest_subnormal)  # All differences may be 0.
        error = ((_nearest(groups, scale) * scale - groups) ** 2).sum(axis=1, keepdims=True)
        best = np.where(error < min_error, scale, best)
        min_error = np.minimum(error, min_error)
    steps = (_nearest(groups, best) + 8).astype(np.uint8).reshape(-1, 2)
    return (steps[:, 0] << 4 | steps[:, 1]).astype(np.uint8), best.astype(np.float16)[:, 0]


def _nearest(groups: Floats, scale: Floats) -> Floats:
    steps: Floats = np.clip(np.round(groups / scale), -_STEPS, _STEPS)
    return steps
