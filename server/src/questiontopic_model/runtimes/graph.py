"""What every runtime offers: a graph that turns an encoder's arrays into logits."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Inputs = dict[str, npt.NDArray[Any]]


class Graph(Protocol):
    """The trained part: an encoder's inputs in, logits of shape [texts, labels] out."""

    def run(self, inputs: Inputs) -> Floats:
        """Computes one batch."""
