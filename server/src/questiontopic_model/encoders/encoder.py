"""What every encoder offers: texts in, the graph's named input arrays out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ..runtimes.graph import Inputs


@dataclass(frozen=True)
class Encoded:
    """The graph's inputs for a batch of texts, and for each text whether its end was cut off."""

    inputs: Inputs
    truncated: tuple[bool, ...]


class Encoder(Protocol):
    """Turns prepared texts into a graph's inputs; safe to call from several threads at a time."""

    @property
    def max_pieces(self) -> int:
        """The most word pieces of a text that are read; 0 if there is no such limit."""

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Encodes one batch of at least one text."""
