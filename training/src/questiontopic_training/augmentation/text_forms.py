"""The forms in which people type texts of any labels: unlike TREC's, they need not be questions.

`surface_forms` has the forms of TREC's questions, whose question marks and quotation marks have fixed places.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .sentences import LEADS, TALK
from .surface_forms import draw_simple_forms, typo

_SIMPLE_SHARE = 0.5  # Of the texts; the other half keeps its case and its final mark.


def draw_text_forms(texts: Sequence[str], random: np.random.Generator) -> list[str]:
    """The texts, each in a random form; the same label is right for it."""
    simple = draw_simple_forms(texts, _SIMPLE_SHARE, random)
    chosen = random.choice(list(_SHARES), size=len(texts), p=list(_SHARES.values()))
    return [_FORMS[form](text, random) for text, form in zip(simple, chosen.tolist(), strict=True)]


def _lead(text: str, random: np.random.Generator) -> str:
    return f"{random.choice(LEADS)} {text}"


def _talk(text: str, random: np.random.Generator) -> str:
    """Followed by one to three sentences."""
    sentences = random.choice(TALK, size=random.choice(3, p=(0.3, 0.5, 0.2)) + 1)
    return " ".join([text, *map(str, sentences)])


_FORMS: dict[str, Callable[[str, np.random.Generator], str]] = {
    "same": lambda text, random: text,
    "typo": typo,
    "typos": lambda text, random: typo(typo(text, random), random),
    "no_apostrophes": lambda text, random: text.replace("'", ""),
    "upper": lambda text, random: text.upper(),  # The preparation `unshouted` leaves one or two words as they are.
    "lead": _lead,
    "talk": _talk,
}
_SHARES = {"same": 0.62, "typo": 0.09, "typos": 0.04, "no_apostrophes": 0.02, "upper": 0.03, "lead": 0.05, "talk": 0.15}
