"""BERT's uncased WordPiece tokeniser, as the package's `tokenizer.json` describes it, without the library `tokenizers`.

It gives the same pieces as that library for every text whose characters are in the Unicode tables of both.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

_MAX_WORD_CHARACTERS = 100  # A longer word becomes the unknown piece.
_UNKNOWN = "[UNK]"
_IDEOGRAPHS = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF),
    (0x2F800, 0x2FA1F),
)


class WordPiece:
    """Cuts a text into words and punctuation marks, then each word into the longest pieces of the vocabulary."""

    def __init__(self, vocabulary: Mapping[str, int]) -> None:
        self._vocabulary = vocabulary
        self._pieces = lru_cache(maxsize=16384)(self._pieces_of)

    def encode(self, text: str) -> list[int]:
        """The piece numbers of the whole text, without the begin and end marks."""
        return [piece for word in _words(text) for piece in self._pieces(word)]

    def _pieces_of(self, word: str) -> tuple[int, ...]:
        unknown = (self._vocabulary[_UNKNOWN],)
        if len(word) > _MAX_WORD_CHARACTERS:
            return unknown
        pieces, start = [], 0
        while start < len(word):
            inner = "##" if start else ""
            for end in range(len(word), start, -1):
                piece = self._vocabulary.get(inner + word[start:end])
                if piece is not None:
                    break
            else:
                return unknown
            pieces.append(piece)
            start = end
        return tuple(pieces)


def read_wordpiece(path: Path) -> WordPiece:
    """A tokeniser with the vocabulary of a file that has one piece on each line."""
    pieces = path.read_text("utf-8").split("\n")  # splitlines would also split at some of the pieces.
    return WordPiece({piece: number for number, piece in enumerate(pieces) if piece})


def _words(text: str) -> Iterator[str]:
    start, text = 0, _normalised(text)
    for end, character in enumerate(text):
        alone = _stands_alone(character)
        if alone or character.isspace():
            if start < end:
                yield text[start:end]
            if alone:
                yield character
            start = end + 1
    if start < len(text):
        yield text[start:]


def _normalised(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text.lower()
    kept = (" " if _is_blank(character) else character for character in text if not _is_dropped(character))
    plain = (character for character in unicodedata.normalize("NFD", "".join(kept)) if not _is_accent(character))
    # One character at a time: lower() on the whole text would make a sigma at a word's end another letter.
    return "".join(character.lower() for character in plain)


@lru_cache(maxsize=4096)
def _stands_alone(character: str) -> bool:
    if character.isascii():
        return character.isprintable() and not character.isalnum() and character != " "
    is_ideograph = any(first <= ord(character) <= last for first, last in _IDEOGRAPHS)
    return is_ideograph or unicodedata.category(character).startswith("P")


def _is_blank(character: str) -> bool:
    return character in "\t\n\r" or unicodedata.category(character) == "Zs"


def _is_dropped(character: str) -> bool:
    return character in "\0\ufffd" or (unicodedata.category(character).startswith("C") and not _is_blank(character))


def _is_accent(character: str) -> bool:
    return unicodedata.category(character) == "Mn"
