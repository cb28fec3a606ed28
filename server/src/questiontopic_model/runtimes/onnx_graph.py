"""Runs a bundle's compiled form with ONNX Runtime: the default runtime, no TensorFlow needed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..bundle.bundle import BundleError
from .graph import Floats, Inputs


class OnnxGraph:
    """An ONNX Runtime session whose only output is the logits."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def run(self, inputs: Inputs) -> Floats:
        """Computes one batch in the calling thread."""
        logits: Floats
        (logits,) = self._session.run(None, inputs)
        return logits


def load_onnx(path: Path, threads: int, weights: Mapping[str, Floats] = MappingProxyType({})) -> OnnxGraph:
    """Loads the graph; `threads` is the number of CPU threads that one batch may use.

    `weights` are those that the file names and does not hold.
    """
    # From 1.29 on ONNX Runtime keeps a device id and uploads its use, unless told not to before it is loaded.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Spinning threads take the cores from the front: on busy machines throughput falls many times over.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_external_initializers(
        list(weights), [onnxruntime.OrtValue.ortvalue_from_numpy(weight) for weight in weights.values()]
    )
    try:
        return OnnxGraph(onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"]))
    except Exception as error:  # noqa: BLE001 - ONNX Runtime raises a class of its own for each kind of bad file.
        raise BundleError(f"{path}: ONNX Runtime cannot load it: {error}") from None
