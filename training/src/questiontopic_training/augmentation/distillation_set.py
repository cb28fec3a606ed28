"""The texts of one epoch of distillation: questions that a teacher labelled and their translations, labelled questions,
and questions from templates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from questiontopic_model.runtimes.graph import Floats

from ..data.examples import Examples, Ints, Labels
from ..data.translations import Translation
from .none_of_these import draw_none
from .surface_forms import draw_forms
from .templates import Template, Templates

_HASTY = 0.3
_RARE = 120  # A labelled question is shown once more if its coarse label has fewer rows than this.


@dataclass(frozen=True)
class Text:
    """A text to train on. If `language` is set, `CodeSwitcher` replaces its English words by words of that language."""

    text: str
    language: str = ""


@dataclass(frozen=True)
class DistillationSet:
    """Everything that epochs are drawn from.

    `taught` [questions, fine labels]: the teacher's probabilities for the unlabelled `questions`; `max_times` limits
    the factors by which rare and frequent labels are shown more or less often. `translations`, which the teacher
    labelled in English: `translated` [translations, fine labels]; an epoch shows each of them once.
    `labelled_times`: how often an epoch shows each labelled question. `made`: how many texts an epoch makes from
    templates about abbreviations, from those in other languages and from the English ones. `forms`: the probabilities
    of the forms in which texts are shown. `others` are texts that belong to none of the labels; an epoch shows
    `none_of_these` of them, of texts from templates and of noise together.
    """

    questions: tuple[str, ...]
    taught: Floats
    translations: tuple[Translation, ...]
    translated: Floats
    labelled: Examples
    labels: Labels
    templates: Templates
    max_times: float
    labelled_times: int
    made: tuple[int, int, int]
    forms: Mapping[str, float]
    others: tuple[str, ...]
    none_of_these: int

    def epoch(self, random: np.random.Generator) -> tuple[list[Text], Floats]:
        """Draws the texts of one epoch, and the targets of each text: see `trainer.Batch`."""
        taught, rows = self._taught_rows(random), self._labelled_rows()
        made = self.templates.draw(*self.made, random)
        clean = [*(self.questions[row] for row in taught), *(self.labelled.texts[row] for row in rows)]
        texts = draw_forms(clean, self.forms, random)
        shown = [Text(text) for text in texts] + [
            self._from_template(template, text, random) for template, text in made
        ]
        shown += [Text(_hasty_at_times(translation.text, random)) for translation in self.translations]
        names = [label.name for label in self.labels.fine]
        fine = np.array([names.index(template.fine) for template, _ in made], np.int64)
        hard = np.eye(len(names), dtype=np.float32)[np.concatenate([self.labelled.fine[rows], fine])]
        known = np.concatenate([self.taught[taught], hard, self.translated])
        none = draw_none(self.others, self.templates, self.none_of_these, random)
        targets = np.zeros((len(known) + len(none), len(names) + 1), np.float32)
        targets[: len(known), :-1] = known
        targets[len(known) :, -1] = 1
        return [*shown, *map(Text, none)], targets

    @cached_property
    def _times(self) -> Floats:
        """How often each unlabelled question is shown per epoch on average; the mean over all questions is 1.

        The labels of the unlabelled questions have other frequencies than those of the labelled ones: 31 % of the
        44,000 ask for a person and 2 % for a definition, but 18 % and 8 % of TREC's. So each label gets a factor, its
        frequency in the labelled questions divided by its frequency in the unlabelled ones, between 1 / `max_times`
        and `max_times`. A question is shown as often as the factors of its labels say, scaled to a mean of 1.
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
        text = _hasty_at_times(text, random)
        return Text(text, template.language if template.has_noun and random.random() < 0.8 else "")


def _hasty_at_times(text: str, random: np.random.Generator) -> str:
    """A text in another language, as it is written or, at times, in lower case without final mark."""
    return text.rstrip(" ?？؟.。!").lower() if random.random() < _HASTY else text
