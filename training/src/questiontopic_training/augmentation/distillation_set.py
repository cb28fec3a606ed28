"""One epoch of distillation: taught and labelled questions in forms drawn anew, and some of our own making."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from questiontopic_model.encoders.encoder import Floats

from ..data.examples import Examples, Ints, Labels
from .surface_forms import draw_forms
from .templates import Template, Templates

_RARE = 120  # Labels of the coarse level with fewer rows are shown once more.


@dataclass(frozen=True)
class Text:
    """What is shown; where `language` is named, its English words are to become words of that language."""

    text: str
    language: str = ""


@dataclass(frozen=True)
class DistillationSet:
    """`taught` holds each question's probabilities of the fine labels; see `recipes.distilled` for the rest."""

    questions: tuple[str, ...]
    taught: Floats
    labelled: Examples
    labels: Labels
    templates: Templates
    max_times: float
    labelled_times: int
    abbreviations: int
    foreign: int
    forms: Mapping[str, float]

    def epoch(self, random: np.random.Generator) -> tuple[list[Text], Floats]:
        """The texts and for each the probabilities of the fine labels."""
        taught, rows = self._taught_rows(random), self._labelled_rows()
        made = self.templates.draw(self.abbreviations, self.foreign, random)
        clean = [*(self.questions[row] for row in taught), *(self.labelled.texts[row] for row in rows)]
        texts = draw_forms(clean, self.forms, random)
        shown = [Text(text) for text in texts] + [
            self._from_template(template, text, random) for template, text in made
        ]
        names = [label.name for label in self.labels.fine]
        fine = np.array([names.index(template.fine) for template, _ in made], np.int64)
        hard = np.eye(len(names), dtype=np.float32)[np.concatenate([self.labelled.fine[rows], fine])]
        return shown, np.concatenate([self.taught[taught], hard])

    @cached_property
    def _times(self) -> Floats:
        """How often each question is to be shown, 1 in the mean.

        What the unlabelled questions ask for is not what the labelled ones do: of the 44,000, 31 % ask for a person
        and 2 % for a definition, of TREC's 18 % and 8 %. Shown evenly, they would teach these frequencies, and
        teach little of what is rare among them. So a question is shown the more often the more its labels lack there,
        up to `max_times`, and the more rarely the more they abound, down to its inverse; then all are scaled alike.
        """
        wanted = np.bincount(self.labelled.fine, minlength=len(self.labels.fine)) / len(self.labelled)
        ratios = np.clip(wanted / np.maximum(self.taught.mean(axis=0), 1e-9), 1 / self.max_times, self.max_times)
        times: Floats = self.taught @ ratios.astype(np.float32)
        times *= len(times) / times.sum()
        return times

    def _taught_rows(self, random: np.random.Generator) -> Ints:
        if not self.questions:
            return np.zeros(0, np.int64)
        times = np.floor(self._times + random.random(len(self._times))).astype(np.int64)
        return np.repeat(np.arange(len(times)), times)

    def _labelled_rows(self) -> Ints:
        counts = np.bincount(self.labelled.coarse, minlength=len(self.labels.coarse))
        rare = np.flatnonzero(counts[self.labelled.coarse] < _RARE)
        return np.concatenate([np.tile(np.arange(len(self.labelled)), self.labelled_times), rare])

    def _from_template(self, template: Template, text: str, random: np.random.Generator) -> Text:
        if template.is_english:
            return Text(draw_forms([text], self.forms, random)[0])
        if random.random() < 0.3:  # The forms are of English; of other languages there are two.
            text = text.rstrip(" ?？؟").lower()
        return Text(text, template.language if template.has_noun and random.random() < 0.8 else "")
