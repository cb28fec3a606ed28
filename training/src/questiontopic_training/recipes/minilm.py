"""The recipe `minilm`: the average of several fine-tuned MiniLMs, for English; needs the encoder minilm."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from questiontopic_model.bundle import BundleError
from questiontopic_model.encoders.minilm import MiniLMEncoder

from ..augmentation.surface_forms import SHARES
from ..data.examples import Examples, Labels
from ..encoders.training_encoder import TrainingEncoder
from .recipe import Recipe
from .teachers import Teacher, Teachers, average


@dataclass(frozen=True)
class MiniLMAverage(Recipe):
    """Hyper-parameters: how many models are averaged, and how each is trained."""

    name: ClassVar[str] = "minilm"
    encoder: ClassVar[str] = "minilm"

    epochs: int = 4
    models: int = 3
    teacher: Teacher = field(default_factory=lambda: Teacher(forms=SHARES))

    def train(
        self,
        encoder: TrainingEncoder,
        training: Examples,
        validation: Examples | None,
        labels: Labels,
        seed: int,
        teachers: Teachers,
    ) -> Any:
        """The trained graph; neither `validation` nor `teachers` is looked at."""
        serving = encoder.serving
        if not isinstance(serving, MiniLMEncoder):
            raise BundleError(f"the recipe {self.name} needs the encoder minilm")
        seeds = range(seed * self.models, (seed + 1) * self.models)
        teacher = replace(self.teacher, epochs=self.epochs)
        return average([teacher.train(serving, training, labels, one) for one in seeds])
