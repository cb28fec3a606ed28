"""Runs a bundle's `.keras` model on TensorFlow. Needs the extra `tensorflow`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..bundle.bundle import BundleError
from .graph import Floats, Inputs


class KerasGraph:
    """A Keras model as a compiled TensorFlow function."""

    def __init__(self, model: Any) -> None:
        import tensorflow as tf

        # The model's own shapes are open in the batch's size, so TensorFlow compiles once for all batches.
        inputs = {tensor.name: tf.TensorSpec(tensor.shape, tensor.dtype, tensor.name) for tensor in model.inputs}
        self._run = tf.function(lambda batch: model(batch, training=False), input_signature=[inputs])

    def run(self, inputs: Inputs) -> Floats:
        """Computes one batch."""
        logits: Floats = self._run(inputs).numpy()
        return logits


def load_keras(path: Path, threads: int, weights: Mapping[str, Floats] = MappingProxyType({})) -> KerasGraph:
    """Loads the model. `threads` is the number of CPU threads that one operation may use.

    `weights`, named `layer/weight`, replace those in the file.
    """
    tf = import_tensorflow(threads)
    try:
        model = tf.keras.models.load_model(path, compile=False, safe_mode=True)
        for name, value in weights.items():
            layer, _, weight = name.partition("/")
            getattr(model.get_layer(layer), weight).assign(value)
        return KerasGraph(model)
    except (OSError, ValueError, TypeError) as error:
        raise BundleError(f"{path}: Keras cannot load it: {error}") from None


def import_tensorflow(threads: int) -> Any:
    """Imports TensorFlow, with `threads` CPU threads for each operation; raises BundleError if it is missing."""
    try:
        import tensorflow as tf
    except ImportError:
        raise BundleError(
            "TensorFlow is not installed: install questiontopic-server[tensorflow], "
            "or build the image with --target tensorflow"
        ) from None
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        pass  # TensorFlow has already started in this process, so its number of threads is fixed.
    return tf
