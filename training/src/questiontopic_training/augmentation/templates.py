"""Questions of our own making: what the labelled ones lack, abbreviations above all, and languages other than English.

TREC has 86 questions about abbreviations, and all of its questions are English. `frames.tsv` holds frames in the
encoder's sixteen languages: `{letters}` becomes an abbreviation drawn letter by letter, `{noun}` an English noun of
`nouns.txt`, which `switching` then puts into the frame's language as far as the encoder's table goes.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

_ABBREVIATION = "ABBR"
_ENGLISH_SHARE = 0.3  # Of the questions about abbreviations; all others are in other languages.
_LETTERS, _VOWELS = "BCDFGHLMNPRSTVW", "AEIOU"


@dataclass(frozen=True)
class Frame:
    """A question with or without places to fill, its fine label and its language."""

    text: str
    fine: str
    language: str

    @property
    def is_english(self) -> bool:
        """Whether the forms that English is typed in apply."""
        return self.language == "en"

    @property
    def has_noun(self) -> bool:
        """Whether an English noun stands in it."""
        return "{noun}" in self.text


class Frames:
    """The frames whose fine labels are among `fine`; drawn evenly over languages, and in each over labels."""

    def __init__(self, frames: Sequence[Frame], nouns: Sequence[str], fine: Sequence[str]) -> None:
        self._nouns = nouns
        known = [frame for frame in frames if frame.fine in fine]
        self.about_abbreviations = [frame for frame in known if frame.fine.startswith(_ABBREVIATION)]
        self.others = [frame for frame in known if not frame.fine.startswith(_ABBREVIATION)]

    def draw(self, abbreviations: int, others: int, random: np.random.Generator) -> list[tuple[Frame, str]]:
        """That many frames of each kind (none of a kind that the labels do not have), each with its filled text."""
        english = [frame for frame in self.about_abbreviations if frame.is_english]
        foreign = [frame for frame in self.about_abbreviations if not frame.is_english]
        drawn: list[Frame] = []
        if english and foreign:
            drawn += [
                _one(english if random.random() < _ENGLISH_SHARE else foreign, random) for _ in range(abbreviations)
            ]
        if self.others:
            drawn += [_one(self.others, random) for _ in range(others)]
        return [(frame, self._filled(frame.text, random)) for frame in drawn]

    def _filled(self, text: str, random: np.random.Generator) -> str:
        text = text.replace("{letters}", _abbreviation(random))
        while "{noun}" in text:
            text = text.replace("{noun}", self._nouns[int(random.integers(len(self._nouns)))], 1)
        return text


def read_frames(fine: Sequence[str]) -> Frames:
    """The frames that are part of this package, as far as their labels are among `fine`."""
    folder = files(__package__)
    rows = csv.DictReader(folder.joinpath("frames.tsv").read_text("utf-8").splitlines(), delimiter="\t")
    frames = [Frame(row["frame"], row["fine"], row["language"]) for row in rows]
    return Frames(frames, folder.joinpath("nouns.txt").read_text("utf-8").split(), fine)


def _one(frames: Sequence[Frame], random: np.random.Generator) -> Frame:
    """Of a language drawn first, then of a label of it: some languages and labels have many frames, others one."""
    for attribute in ("language", "fine"):
        values = sorted({getattr(frame, attribute) for frame in frames})
        value = values[int(random.integers(len(values)))]
        frames = [frame for frame in frames if getattr(frame, attribute) == value]
    return frames[int(random.integers(len(frames)))]


def _abbreviation(random: np.random.Generator) -> str:
    """Two to five capitals, at times with points, a number or quotes."""
    length = random.choice([2, 3, 4, 5], p=[0.15, 0.5, 0.27, 0.08])
    vowels, picks = random.random(length) < 0.3, random.random(length)
    sets = [_VOWELS if vowel else _LETTERS for vowel in vowels]
    letters = "".join(kind[int(pick * len(kind))] for kind, pick in zip(sets, picks, strict=True))
    style = random.random()
    if style < 0.07:
        return ".".join(letters) + "."
    if style < 0.12:
        return f"{letters}{random.integers(2, 10)}"
    return f"`` {letters} ''" if style < 0.15 else letters
