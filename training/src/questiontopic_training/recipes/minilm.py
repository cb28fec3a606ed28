"""The recipe `minilm`: the average of several fine-tuned MiniLMs, for English; needs the encoder minilm."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from questiontopic_model.bundle import BundleError
from questiontopic_model.encoders.minilm import MiniLMEncoder

from ..augmentation.surface_forms import SHARES
from .recipe import Recipe, Task
from .teachers import Teacher, average


@dataclass(frozen=True)
class MiniLMAverage(Recipe):
    """Hyper-parameters: how many models are averaged, and how each is trained."""

    name: ClassVar[str] = "minilm"
    encoder: ClassVar[str] = "minilm"

    epochs: int = 4
    models: int = 3
    teacher: Teacher = field(default_factory=lambda: Teacher(forms=SHARES))

    def train(self, task: Task) -> Any:
        """The trained graph; validation rows and teachers are not looked at."""
        serving = task.encoder.serving
        if not isinstance(serving, MiniLMEncoder):
            raise BundleError(f"the recipe {self.name} needs the encoder minilm")
        seeds = range(task.seed * self.models, (task.seed + 1) * self.models)
        teacher = replace(self.teacher, epochs=self.epochs)
        return average([teacher.train(serving, task.training, task.labels, seed) for seed in seeds])
