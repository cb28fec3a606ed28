"""The recipe `minilm`: the average of several fine-tuned MiniLMs, the most accurate and the slowest; needs minilm."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from questiontopic_server.model import BundleError
from questiontopic_server.model.minilm import MiniLMEncoder

from ..encoders import TrainingEncoder
from ..examples import Examples, Labels
from ..forms import SHARES
from ..teachers import Teacher, Teachers, average


@dataclass(frozen=True)
class MiniLMAverage:
    """Hyper-parameters: how many models are averaged, and how each is trained."""

    name: ClassVar[str] = "minilm"
    preparation: ClassVar[str] = "raw"
    fine: ClassVar[bool] = True
    needs_validation: ClassVar[bool] = False
    encoder: ClassVar[str] = "minilm"
    learns_from_unlabelled: ClassVar[bool] = False

    epochs: int = 4
    models: int = 3
    teacher: Teacher = field(default_factory=lambda: Teacher(epochs=4, forms=SHARES))

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
        return average([self.teacher.train(serving, training, labels, one) for one in seeds])
