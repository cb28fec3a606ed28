"""An ensemble: several models as one encoder and one graph. Its logits are the mean of its members' logits.

Each member's logits are first divided by that member's temperature, so that an overconfident member counts no more
than the others. Models that make different errors correct each other (Hansen and Salamon 1990, doi:10.1109/34.58871).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .bundle.manifest import NoneOfThese
from .encoders.encoder import Encoded, Encoder
from .none_of_these import calibrated_logits, label_logits
from .preparation import PREPARATIONS
from .runtimes.graph import Floats, Graph, Inputs


@dataclass(frozen=True)
class Member:
    """One model: the name of its text preparation, its encoder, its graph and its calibration."""

    preparation: str
    encoder: Encoder
    graph: Graph
    temperature: float
    none_of_these: NoneOfThese | None = None


class EnsembleEncoder:
    """Runs every member's encoder. Each input of the graph is named `member/input`."""

    def __init__(self, members: Mapping[str, Member]) -> None:
        self._members = members

    @property
    def max_pieces(self) -> int:
        """The maximum number of word pieces that every member reads; 0 if no member has a limit."""
        limits = [member.encoder.max_pieces for member in self._members.values()]
        return min((limit for limit in limits if limit), default=0)

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Encodes one batch for every member. A text counts as truncated if any member truncates it."""
        inputs: Inputs = {}
        truncated = np.zeros(len(texts), bool)
        for name, member in self._members.items():
            prepare = PREPARATIONS[member.preparation]
            encoded = member.encoder.encode([prepare(text) for text in texts])
            inputs |= {f"{name}/{key}": values for key, values in encoded.inputs.items()}
            truncated |= np.array(encoded.truncated)
        return Encoded(inputs, tuple(truncated.tolist()))


class EnsembleGraph:
    """Runs every member's graph."""

    def __init__(self, members: Mapping[str, Member]) -> None:
        self._members = members

    def run(self, inputs: Inputs) -> Floats:
        """The mean of the members' logits, each divided by the member's temperature.

        One more column has the mean of the calibrated logits of "none of these" over the members that have that score.
        """
        labels, scored = [], []
        for name, member in self._members.items():
            own = {key.removeprefix(f"{name}/"): values for key, values in inputs.items() if key.startswith(f"{name}/")}
            outputs = member.graph.run(own)
            labels.append(label_logits(outputs, member.none_of_these) / np.float32(member.temperature))
            if member.none_of_these:
                scored.append(calibrated_logits(outputs, member.none_of_these))
        mean: Floats = np.mean(labels, axis=0)
        if not scored:
            return mean
        return np.column_stack((mean, np.mean(scored, axis=0)))
