"""Text preparation: what happens to a text before the encoder reads it. The only copy; training uses it too."""

from __future__ import annotations

import re
import string
from collections.abc import Callable

Preparation = Callable[[str], str]

# The original system's cleaning, from its article: contractions spelled out, in this order.
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
    """The text as it is: capitals, digits and punctuation are evidence."""
    return text


def unshouted(text: str) -> str:
    """The text as it is, but in lower case if all of its words, at least three, are in capitals."""
    letters = [character for character in text if character.isalpha()]
    # Scripts without capitals have letters that are not upper case either, so their texts stay as they are.
    shouted = len(text.split()) >= 3 and all(letter.isupper() for letter in letters)
    return text.lower() if shouted else text


def original(text: str) -> str:
    """The original system's cleaning: one line, no contractions, links, digits, punctuation or capitals."""
    text = text.replace("\r", " ").replace("\n", " ").lower()
    for short, long in _CONTRACTIONS:
        text = text.replace(short, long)
    text = _LINK.sub("link", text)
    return " ".join(text.translate(_DIGITS_AND_PUNCTUATION).split())


PREPARATIONS: dict[str, Preparation] = {"raw": raw, "unshouted": unshouted, "original": original}
