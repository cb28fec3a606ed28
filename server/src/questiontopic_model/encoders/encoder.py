"""The protocol of every encoder: texts in, the graph's named input arrays out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ..runtimes.graph import Inputs


@dataclass(frozen=True)
class Encoded:
    """The graph's inputs for a batch of texts, and for each text whether it was too long and lost its end."""

    inputs: Inputs
    truncated: tuple[bool, ...]


class Encoder(Protocol):
    """Turns prepared texts into a graph's inputs. Several threads may call it at the same time."""

    @property
    def max_pieces(self) -> int:
        """The maximum number of word pieces that are read of a text; 0 if there is no limit."""

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Encodes one batch of at least one text."""
