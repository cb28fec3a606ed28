"""Runs a bundle's `.onnx` model with ONNX Runtime, the default runtime. It does not need TensorFlow."""

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
    """Loads the graph. `threads` is the number of CPU threads that one batch may use.

    `weights` are the weights that the file names but does not contain.
    """
    # Since version 1.29 ONNX Runtime uploads usage data with a device id, unless this is set before the import.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime  # noqa: TID251

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # A thread that spins while it waits takes CPU time from other threads. On a busy machine most throughput is lost.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_external_initializers(
        list(weights), [onnxruntime.OrtValue.ortvalue_from_numpy(weight) for weight in weights.values()]
    )
    try:
        return OnnxGraph(onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"]))
    except Exception as error:  # noqa: BLE001 - ONNX Runtime has many error classes, one for each kind of bad file.
        raise BundleError(f"{path}: ONNX Runtime cannot load it: {error}") from None
