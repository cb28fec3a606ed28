"""The recipe `minilm`: the average of fine-tuned MiniLMs; English only, needs the encoder minilm.

With TREC's labels and the seed 0 it is the teacher of the recipe `distilled`, and is trained only once for both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from questiontopic_model.bundle import BundleError
from questiontopic_model.encoders.minilm import MiniLMEncoder

from ..augmentation.templates import read_templates
from .recipe import Recipe, Task
from .teachers import Teacher


@dataclass(frozen=True)
class MiniLMAverage(Recipe):
    """Hyper-parameters: `models`, `epochs` and `min_steps` replace those of `teacher`."""

    name: ClassVar[str] = "minilm"
    preparation: ClassVar[str] = "unshouted"
    encoder: ClassVar[str] = "minilm"
    learns_from_templates: ClassVar[bool] = True

    models: int = Teacher.models
    epochs: int = Teacher.epochs
    min_steps: int = Teacher.min_steps
    teacher: Teacher = Teacher()

    def train(self, task: Task) -> Any:
        """The average model; ignores validation rows and extras."""
        if not isinstance(task.encoder.serving, MiniLMEncoder):
            raise BundleError(f"the recipe {self.name} needs the encoder minilm")
        templates = read_templates(task.training, task.labels)
        teacher = replace(self.teacher, models=self.models, epochs=self.epochs, min_steps=self.min_steps)
        return task.teachers.model(teacher, task.training, task.labels, templates, task.seed)
