"""The recipe `minilm`: the average of several fine-tuned MiniLMs; English only, needs the encoder minilm."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from questiontopic_model.bundle import BundleError
from questiontopic_model.encoders.minilm import MiniLMEncoder

from ..augmentation.surface_forms import SHARES
from ..augmentation.templates import read_templates
from .recipe import Recipe, Task
from .teachers import Teacher, average


@dataclass(frozen=True)
class MiniLMAverage(Recipe):
    """Hyper-parameters: `models` models are averaged, each trained as `teacher` says."""

    name: ClassVar[str] = "minilm"
    encoder: ClassVar[str] = "minilm"
    learns_from_templates: ClassVar[bool] = True

    epochs: int = 4
    min_steps: int = 400  # With few rows there are more passes over them, so that there are as many steps as this.
    models: int = 3
    teacher: Teacher = field(default_factory=lambda: Teacher(forms=SHARES))

    def train(self, task: Task) -> Any:
        """The average model; ignores validation rows and teachers."""
        serving = task.encoder.serving
        if not isinstance(serving, MiniLMEncoder):
            raise BundleError(f"the recipe {self.name} needs the encoder minilm")
        seeds = range(task.seed * self.models, (task.seed + 1) * self.models)
        per_epoch = -(-len(task.training) // self.teacher.batch_size)
        teacher = replace(self.teacher, epochs=max(self.epochs, -(-self.min_steps // per_epoch)))
        templates = read_templates(task.training, task.labels)
        return average([teacher.train(serving, task.training, task.labels, templates, seed) for seed in seeds])
