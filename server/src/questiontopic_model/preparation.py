"""Text preparation: how a text is changed before the encoder reads it. Serving and training both use this module."""

from __future__ import annotations

import re
import string
from collections.abc import Callable

Preparation = Callable[[str], str]

# Contractions that the original system spells out. The order matters and is that of its article.
_CONTRACTIONS = (
    ("i'll", "i will"),
    ("i've", "i have"),
    ("i'm", "i am"),
    ("won't", "will not"),
    ("can't", "can not"),
    ("n't", " not"),
    ("'s", " is"),
    ("'re", " are"),
    ("'d", " would"),
    ("'ll", " will"),
    ("'ve", " have"),
)
_LINK = re.compile(r"https?://\S+|www\.\S+|\S+@\S+\.\S+")
_DIGITS_AND_PUNCTUATION = str.maketrans("", "", string.digits + string.punctuation)


def raw(text: str) -> str:
    """The text unchanged, because capitals, digits and punctuation help the model."""
    return text


def unshouted(text: str) -> str:
    """The text in lower case if it has at least three words and all of its letters are capitals; else unchanged."""
    letters = [character for character in text if character.isalpha()]
    # In scripts without capitals no letter is upper case, so those texts stay unchanged.
    shouted = len(text.split()) >= 3 and all(letter.isupper() for letter in letters)
    return text.lower() if shouted else text


def original(text: str) -> str:
    """The original system's cleaning: one line in lower case, without contractions, digits and punctuation.

    Each link and each e-mail address becomes the word `link`.
    """
    text = text.replace("\r", " ").replace("\n", " ").lower()
    for short, long in _CONTRACTIONS:
        text = text.replace(short, long)
    text = _LINK.sub("link", text)
    return " ".join(text.translate(_DIGITS_AND_PUNCTUATION).split())


PREPARATIONS: dict[str, Preparation] = {"raw": raw, "unshouted": unshouted, "original": original}
