"""The protocol of every graph: an encoder's arrays in, logits out; and the types of those arrays."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Inputs = dict[str, npt.NDArray[Any]]


class Graph(Protocol):
    """The trained part of a model. Several threads may run it at the same time."""

    def run(self, inputs: Inputs) -> Floats:
        """The logits of one batch, shape [texts, labels], computed from an encoder's inputs."""
