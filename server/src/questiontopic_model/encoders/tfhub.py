"""Text encoders of TF-Hub, loaded by handle or from a SavedModel's folder. Needs the extra `tensorflow`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..bundle.bundle import BundleError
from ..runtimes.keras_graph import import_tensorflow
from .encoder import Encoded


class HubEncoder:
    """A text encoder of TF-Hub: one vector for each text, which is the graph's input `features`."""

    def __init__(self, embed: Any) -> None:
        import tensorflow as tf

        self._embed, self._tensor = embed, tf.constant

    @property
    def max_pieces(self) -> int:
        """0, because such an encoder reads texts of any length."""
        return 0

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Encodes one batch as `features`, shape [texts, dimension]."""
        outputs = self._embed(self._tensor(list(texts)))
        if isinstance(outputs, dict):  # Some encoders return named outputs.
            outputs = outputs["outputs"] if "outputs" in outputs else outputs["default"]
        features = np.asarray(outputs, np.float32)
        return Encoded({"features": features}, (False,) * len(texts))


def load_hub(handle: str, threads: int) -> HubEncoder:
    """Loads the text encoder of a TF-Hub handle or of a SavedModel's folder; raises BundleError."""
    import_tensorflow(threads)
    try:
        import tensorflow_hub as hub
    except ImportError:
        raise BundleError(
            "tensorflow-hub is not installed: install questiontopic-server[tensorflow], "
            "or build the image with --target tensorflow"
        ) from None
    try:
        loaded = hub.load(handle)
    except (OSError, ValueError) as error:
        raise BundleError(f"{handle}: TensorFlow Hub cannot load it: {error}") from None
    if callable(loaded):
        return HubEncoder(loaded)
    signatures = getattr(loaded, "signatures", {})
    if "default" in signatures:  # Modules for TensorFlow 1 have only signatures.
        return HubEncoder(signatures["default"])
    raise BundleError(f"{handle}: not a text encoder (it cannot be called and has no signature named default)")
