"""Runs a bundle's `.keras` model on TensorFlow, and TF-Hub encoders. Needs the extra `tensorflow`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from ..bundle.bundle import BundleError
from ..encoders.encoder import Encoded, Floats, Inputs


class KerasGraph:
    """A Keras model, called as a compiled TensorFlow function."""

    def __init__(self, model: Any) -> None:
        import tensorflow as tf

        # The model's own shapes, so that one trace serves every batch.
        inputs = {tensor.name: tf.TensorSpec(tensor.shape, tensor.dtype, tensor.name) for tensor in model.inputs}
        self._run = tf.function(lambda batch: model(batch, training=False), input_signature=[inputs])

    def run(self, inputs: Inputs) -> Floats:
        """Computes one batch."""
        logits: Floats = self._run(inputs).numpy()
        return logits


class HubEncoder:
    """A TF-Hub text encoder: strings in, one vector each out, named `features` for the graph."""

    def __init__(self, embed: Any) -> None:
        import tensorflow as tf

        self._embed, self._tensor = embed, tf.constant

    @property
    def max_pieces(self) -> int:
        """0: such an encoder reads texts of any length."""
        return 0

    def encode(self, texts: Sequence[str]) -> Encoded:
        """The texts' vectors, shape [texts, dimension]."""
        outputs = self._embed(self._tensor(list(texts)))
        if isinstance(outputs, dict):  # Some encoders of the hub answer by name.
            outputs = outputs["outputs"] if "outputs" in outputs else outputs["default"]
        features = np.asarray(outputs, np.float32)
        return Encoded({"features": features}, (False,) * len(texts))


def load_keras(path: Path, threads: int, weights: Mapping[str, Floats] = MappingProxyType({})) -> KerasGraph:
    """Loads the model; `threads` is the number of CPU threads that one operation may use.

    `weights`, named `layer/weight`, take the place of those in the file.
    """
    tf = _tensorflow(threads)
    try:
        model = tf.keras.models.load_model(path, compile=False, safe_mode=True)
        for name, value in weights.items():
            layer, _, weight = name.partition("/")
            getattr(model.get_layer(layer), weight).assign(value)
        return KerasGraph(model)
    except (OSError, ValueError, TypeError) as error:
        raise BundleError(f"{path}: Keras cannot load it: {error}") from None


def load_hub(handle: str, threads: int) -> HubEncoder:
    """Loads the text encoder behind a TF-Hub handle or in a SavedModel's folder."""
    _tensorflow(threads)
    try:
        import tensorflow_hub as hub
    except ImportError:
        raise BundleError("tensorflow-hub is not installed: install questiontopic-server[tensorflow]") from None
    try:
        loaded = hub.load(handle)
    except (OSError, ValueError) as error:
        raise BundleError(f"{handle}: TensorFlow Hub cannot load it: {error}") from None
    if callable(loaded):
        return HubEncoder(loaded)
    signatures = getattr(loaded, "signatures", {})
    if "default" in signatures:  # TF1 hub modules have signatures only.
        return HubEncoder(signatures["default"])
    raise BundleError(f"{handle}: no text encoder (it cannot be called and has no signature named default)")


def _tensorflow(threads: int) -> Any:
    try:
        import tensorflow as tf
    except ImportError:
        raise BundleError("TensorFlow is not installed: install questiontopic-server[tensorflow]") from None
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        pass  # TensorFlow was started earlier in this process, with threads of its own.
    return tf
