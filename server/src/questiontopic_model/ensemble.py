"""An ensemble: several models as one encoder and one graph, whose logits are the mean of theirs.

Each member's logits count over its own temperature, so that no member is heard more because it is surer of itself.
Models that err differently correct each other (Hansen and Salamon 1990, doi:10.1109/34.58871).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .encoders.encoder import Encoded, Encoder
from .preparation import PREPARATIONS
from .runtimes.graph import Floats, Graph, Inputs


@dataclass(frozen=True)
class Member:
    """One model: how its texts are prepared, what encodes and computes them, and its temperature."""

    preparation: str
    encoder: Encoder
    graph: Graph
    temperature: float


class EnsembleEncoder:
    """Every member's encoder; an input of the graph is named `member/input`."""

    def __init__(self, members: Mapping[str, Member]) -> None:
        self._members = members

    @property
    def max_pieces(self) -> int:
        """The most word pieces that every member reads; 0 if none has such a limit."""
        limits = [member.encoder.max_pieces for member in self._members.values()]
        return min((limit for limit in limits if limit), default=0)

    def encode(self, texts: Sequence[str]) -> Encoded:
        """A text counts as truncated if any member cut it."""
        inputs: Inputs = {}
        truncated = np.zeros(len(texts), bool)
        for name, member in self._members.items():
            prepare = PREPARATIONS[member.preparation]
            encoded = member.encoder.encode([prepare(text) for text in texts])
            inputs |= {f"{name}/{key}": values for key, values in encoded.inputs.items()}
            truncated |= np.array(encoded.truncated)
        return Encoded(inputs, tuple(truncated.tolist()))


class EnsembleGraph:
    """Every member's graph."""

    def __init__(self, members: Mapping[str, Member]) -> None:
        self._members = members

    def run(self, inputs: Inputs) -> Floats:
        """The mean of the members' logits, each over its temperature."""
        parts = []
        for name, member in self._members.items():
            own = {key.removeprefix(f"{name}/"): values for key, values in inputs.items() if key.startswith(f"{name}/")}
            parts.append(member.graph.run(own) / np.float32(member.temperature))
        mean: Floats = np.mean(parts, axis=0)
        return mean
