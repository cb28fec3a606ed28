"""Disturbances: what users do to a question that does not change what it asks for, each done to every question.

They are for measuring, so their words are not those that `forms` shows while a model learns.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..augmentation.surface_forms import plain, typo, without_end_marks
from ..data.examples import Examples

_SEED = 7
_DRAWS = {"one typo": 10}  # Of the same model, single draws on 500 questions were 1.6 to 5.4 points below undisturbed.
_OPENINGS = (
    "hey, can you tell me",
    "hi there, so",
    "sorry to bother you, but",
    "I would really like to know:",
    "hey guys,",
)
_CLOSINGS = (
    "I have been thinking about this since yesterday.",
    "My friends and I could not agree on it.",
    "Thank you so much for your help!",
    "It is driving me crazy.",
)
_APOSTROPHE = re.compile(r" ?'(?!')(?=\w)|'")

Disturbance = Callable[[str, int, np.random.Generator], str]  # Of a question, its number, and a source of chance.


def _one_closing(text: str, number: int) -> str:
    return f"{text} {_CLOSINGS[number % len(_CLOSINGS)]}"


DISTURBANCES: dict[str, Disturbance] = {
    "lower case, no final mark": lambda text, number, random: without_end_marks(text).lower(),
    "upper case": lambda text, number, random: text.upper(),
    "no apostrophes": lambda text, number, random: _APOSTROPHE.sub("", text),
    "one typo": lambda text, number, random: typo(text, random),
    "leading filler": lambda text, number, random: f"{_OPENINGS[number % len(_OPENINGS)]} {text[:1].lower()}{text[1:]}",
    "trailing sentence": lambda text, number, random: _one_closing(text, number),
    "two trailing sentences": lambda text, number, random: _one_closing(_one_closing(plain(text), number), number + 1),
}


def disturbed(examples: Examples, name: str) -> Examples:
    """The examples, disturbed in the way of that name, the same each time; where chance decides much, several times."""
    random = np.random.default_rng(_SEED)
    repeated = examples.rows(np.tile(np.arange(len(examples)), _DRAWS.get(name, 1)))
    texts = (DISTURBANCES[name](text, row % len(examples), random) for row, text in enumerate(repeated.texts))
    return replace(repeated, texts=tuple(texts))
