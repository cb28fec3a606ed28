"""Subword regularisation (Kudo 2018, arXiv:1804.10959): cuts a text into other word pieces than the most likely ones.

A typo changes the pieces of a word; this does the same to words without typos. sentencepiece 0.2.3 samples differently
in every process, whatever its seed, so the cuts are drawn here. They are drawn word by word, because no piece reaches
across a blank.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from questiontopic_model.encoders.usem3 import UseM3Encoder
from questiontopic_model.runtimes.graph import Floats

_ALPHA = 0.2  # The exponent of the cuts' probabilities: 1 leaves them unchanged, 0 makes all cuts equally likely.
_MAX_CUTS = 256  # Per word, the most likely ones: they hold 99 % of the probability.
_MAX_CACHED_WORDS = 50_000


class SubwordSampler:
    """Draws ways to cut a text into the pieces of an encoder."""

    def __init__(self, encoder: UseM3Encoder) -> None:
        self._encoder = encoder
        self._cuts = lru_cache(_MAX_CACHED_WORDS)(self._cuts_of)

    def pieces(self, text: str, random: np.random.Generator) -> list[int]:
        """The piece numbers of the text, cut at random; likelier cuts are drawn more often."""
        drawn = []
        for word in text.split():
            cuts, bounds = self._cuts(word)
            drawn += cuts[int(np.searchsorted(bounds[:-1], random.random(), side="right"))]
        return drawn

    def _cuts_of(self, word: str) -> tuple[list[list[int]], Floats]:
        """The ways to cut a word, and the upper bound of each one's part of the range from 0 to 1."""
        cuts, scores = self._encoder.cuts(word, _MAX_CUTS)
        flattened = np.exp(_ALPHA * (scores - scores.max()))
        return cuts, np.cumsum(flattened / flattened.sum())
