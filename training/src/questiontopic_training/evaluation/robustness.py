"""Disturbances: changes that users make to questions without changing the topic, to measure how robust a model is.

Their phrases are not those that models are trained with (`augmentation.sentences`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..augmentation.surface_forms import plain, typo, without_end_marks
from ..data.examples import Examples

_SEED = 7
# A single draw is not enough: for one model, draws on 500 questions lost between 1.6 and 5.4 points of accuracy.
_DRAWS = {"one typo": 10}
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

Disturbance = Callable[[str, int, np.random.Generator], str]  # A question, its number and a random generator.


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
    """The examples with the disturbance `name`, the same in every call; random ones are applied several times."""
    random = np.random.default_rng(_SEED)
    repeated = examples.rows(np.tile(np.arange(len(examples)), _DRAWS.get(name, 1)))
    texts = (DISTURBANCES[name](text, row % len(examples), random) for row, text in enumerate(repeated.texts))
    return replace(repeated, texts=tuple(texts))
