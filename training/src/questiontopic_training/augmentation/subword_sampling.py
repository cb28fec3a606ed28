"""Subword regularisation (Kudo 2018, arXiv:1804.10959): a text cut into other word pieces than the likeliest.

What typos do to words, done to words without typos. sentencepiece's own sampling differs from process to process,
whatever its seed (0.2.3), so a cut is drawn here, word by word: no piece reaches over a blank, so that is the same.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from questiontopic_model.encoders.encoder import Floats
from questiontopic_model.encoders.usem3 import UseM3Encoder

_ALPHA = 0.2  # 1 takes the cuts' probabilities as they are, 0 all cuts as equal.
_MAX_CUTS = 256  # Cuts of a word, the likeliest: of questions' words they are all but a hundredth of the probability.
_MAX_CACHED_WORDS = 50_000  # Words.


class SubwordSampler:
    """Draws cuts in the pieces of an encoder."""

    def __init__(self, encoder: UseM3Encoder) -> None:
        self._encoder = encoder
        self._cuts = lru_cache(_MAX_CACHED_WORDS)(self._cuts_of)

    def pieces(self, text: str, random: np.random.Generator) -> list[int]:
        """The text's piece numbers, cut in a way drawn by its probability, which is flattened."""
        drawn = []
        for word in text.split():
            cuts, bounds = self._cuts(word)
            drawn += cuts[int(np.searchsorted(bounds[:-1], random.random(), side="right"))]
        return drawn

    def _cuts_of(self, word: str) -> tuple[list[list[int]], Floats]:
        """Ways to cut a word, and up to where between 0 and 1 each is drawn."""
        cuts, scores = self._encoder.cuts(word, _MAX_CUTS)
        flattened = np.exp(_ALPHA * (scores - scores.max()))
        return cuts, np.cumsum(flattened / flattened.sum())
