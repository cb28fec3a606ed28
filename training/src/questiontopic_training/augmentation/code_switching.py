"""Code-switching: replaces word pieces by their nearest pieces of another language in the encoder's table.

The table is frozen, and pieces with the same meaning in its sixteen languages lie close together. So this turns an
English question into a rough translation with English word order, at no cost, and training on such questions teaches
the layers to treat all languages alike.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from questiontopic_model.encoders.usem3 import UseM3Encoder
from questiontopic_model.runtimes.graph import Floats, Inputs

from .distillation_set import Text
from .subword_sampling import SubwordSampler

# For each group of languages: the share of the switched texts, and the scripts of its pieces.
_GROUPS: dict[str, tuple[float, tuple[str, ...]]] = {
    "latin": (0.25, ("LATIN",)),
    "chinese": (0.15, ("CJK",)),
    "japanese": (0.12, ("CJK", "HIRAGANA", "KATAKANA")),
    "korean": (0.07, ("HANGUL",)),
    "russian": (0.17, ("CYRILLIC",)),
    "arabic": (0.18, ("ARABIC",)),
    "thai": (0.06, ("THAI",)),
}
_GROUP_OF = {
    "zh": "chinese",
    "zh-TW": "chinese",
    "ja": "japanese",
    "ko": "korean",
    "ru": "russian",
    "ar": "arabic",
    "th": "thai",
}
_ROWS_AT_ONCE = 256  # Pieces that are compared with the pieces of a script in one multiplication.
_MIN_COUNT = 3  # A piece that occurs less often gets no neighbours; those are a third of all pieces.
_MIN_COSINE = 0.4
_MAX_NEIGHBOURS = 3  # Per piece and script.
_FULL_SHARE = 0.9  # The share of pieces that is replaced in a text with a target language.

Neighbours = dict[str, dict[int, list[int]]]  # Group of languages -> piece -> its neighbours.


class CodeSwitcher:
    """Encodes texts for training and replaces pieces of some of them by their `neighbours`."""

    def __init__(self, encoder: UseM3Encoder, neighbours: Neighbours) -> None:
        self._encoder, self._neighbours, self._sampler = encoder, neighbours, SubwordSampler(encoder)
        self._groups = list(_GROUPS)
        self._bounds = np.cumsum([share for share, _ in _GROUPS.values()])

    def encode(self, texts: Sequence[Text], switched: float, resampled: float, random: np.random.Generator) -> Inputs:
        """The graph's inputs for these texts.

        A text with a language is switched to that language. Of the other texts, the share `resampled` is cut into other
        pieces, and the share `switched` of the remaining ones is switched to a random group of languages.
        """
        return self._encoder.inputs([self._pieces(text, switched, resampled, random) for text in texts])

    def _pieces(self, text: Text, switched: float, resampled: float, random: np.random.Generator) -> list[int]:
        if not text.language and random.random() < resampled:
            return self._sampler.pieces(text.text, random)
        return self._switched(self._encoder.pieces(text.text), text, switched, random)

    def _switched(self, pieces: list[int], text: Text, share: float, random: np.random.Generator) -> list[int]:
        if text.language:
            group, replaced_share = _GROUP_OF.get(text.language, "latin"), _FULL_SHARE
        elif random.random() < share:
            group = self._groups[int(np.searchsorted(self._bounds, random.random() * self._bounds[-1]))]
            replaced_share = random.uniform(0.3, 1.0)
        else:
            return pieces
        near = self._neighbours[group]
        picks = random.random((2, len(pieces)))
        return [
            near[piece][int(where * len(near[piece]))] if piece in near and change < replaced_share else piece
            for piece, change, where in zip(pieces, *picks, strict=True)
        ]


def find_neighbours(encoder: UseM3Encoder, texts: Iterable[str]) -> Neighbours:
    """The nearest pieces in the scripts of each group, for every piece that the texts contain at least three times."""
    counts = Counter(piece for text in texts for piece in encoder.pieces(text))
    seen = np.array(sorted(piece for piece, times in counts.items() if times >= _MIN_COUNT), np.int64)
    table = _unit_rows(encoder)
    scripts = np.array([_script(encoder.piece(number)) for number in range(len(table))])
    names = {script for _, own in _GROUPS.values() for script in own}
    found = {script: _nearest(table, seen, np.flatnonzero(scripts == script)) for script in sorted(names)}
    return {
        group: {
            piece: [near for script in own for near in found[script].get(piece, ())]
            for piece in seen.tolist()
            if any(piece in found[script] for script in own)
        }
        for group, (_, own) in _GROUPS.items()
    }


def _nearest(
    table: Floats, pieces: npt.NDArray[np.int64], candidates: npt.NDArray[np.int64]
) -> Mapping[int, list[int]]:
    found: dict[int, list[int]] = {}
    part = table[candidates]
    for start in range(0, len(pieces), _ROWS_AT_ONCE):
        rows = pieces[start : start + _ROWS_AT_ONCE]
        cosines = table[rows] @ part.T
        best = np.argpartition(-cosines, _MAX_NEIGHBOURS, axis=1)[:, :_MAX_NEIGHBOURS]
        for piece, row, columns in zip(rows.tolist(), cosines, best, strict=True):
            near = [int(candidates[c]) for c in columns if row[c] > _MIN_COSINE and candidates[c] != piece]
            if near:
                found[piece] = near
    return found


def _script(piece: str) -> str:
    """The script of the piece's first letter by its Unicode name, for example "LATIN"; "" if it has no letter."""
    letter = next((character for character in piece if character.isalpha()), "")
    return unicodedata.name(letter, "").split(" ")[0] if letter else ""


def _unit_rows(encoder: UseM3Encoder) -> Floats:
    table = np.concatenate(
        [encoder.embeddings(part) for part in np.array_split(np.arange(encoder.vocabulary_size), 32)]
    )
    table /= np.linalg.norm(table, axis=1, keepdims=True) + 1e-9
    return table
