"""Texts that belong to none of the labels, to learn the score "none of these" from.

They are statements, commands, questions for yes or no and greetings: other people's and from templates; and noise, as
people type it to try a program out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .surface_forms import without_end_marks
from .templates import Templates

_OTHERS_SHARE, _NOISE_SHARE = 0.5, 0.08  # The rest comes from templates.
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_SIGNS = "!?.,;:-_+*#/&%$()=<>@~"


def draw_none(others: Sequence[str], templates: Templates, number: int, random: np.random.Generator) -> list[str]:
    """Draws this many texts; without `others`, more of them are from templates."""
    noise = round(_NOISE_SHARE * number)
    foreign = round(_OTHERS_SHARE * number) if others else 0
    texts = [others[row] for row in random.integers(len(others), size=foreign)] if others else []
    texts += templates.draw_none(number - foreign - noise, random)
    return [_styled(text, random) for text in texts] + [_noise(random) for _ in range(noise)]


def _styled(text: str, random: np.random.Generator) -> str:
    """In one of the ways in which people write it, so that capitals and marks tell nothing about the topic."""
    style = random.random()
    if style < 0.35:
        return text
    bare = without_end_marks(text)
    capital = bare[:1].upper() + bare[1:]
    if style < 0.5:
        return bare.lower()
    return capital + str(random.choice(["", ".", ".", "!", " .", "?", " ?"]))


def _noise(random: np.random.Generator) -> str:
    """Keys hit at random, random letters, signs or digits: one to five words."""
    return " ".join(_noise_word(random) for _ in range(random.integers(1, 6)))


def _noise_word(random: np.random.Generator) -> str:
    length, kind = int(random.integers(1, 9)), random.random()
    if kind < 0.5:
        row = _ROWS[int(random.integers(len(_ROWS)))]
        start = int(random.integers(len(row) - 2))
        return (row[start:] if random.random() < 0.6 else row[start::-1])[:length]
    letters = _LETTERS if kind < 0.8 else _SIGNS if kind < 0.9 else "0123456789"
    return "".join(letters[int(number)] for number in random.integers(len(letters), size=length))
