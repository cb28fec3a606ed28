"""What a recipe is: a way to train, with its hyper-parameters as fields."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ..data.examples import Examples, Labels
from ..encoders.training_encoder import TrainingEncoder
from .teachers import Teachers


@dataclass(frozen=True)
class Task:
    """What one model is trained from.

    `validation` are rows that a recipe may look at but not learn from; `teachers` label the unlabelled questions.
    """

    encoder: TrainingEncoder
    training: Examples
    labels: Labels
    seed: int
    validation: Examples | None = None
    teachers: Teachers = field(default_factory=lambda: Teachers(()))


@dataclass(frozen=True)
class Recipe(ABC):
    """Turns labelled texts into the graph of a bundle; `epochs` are passes over the training rows, at most."""

    name: ClassVar[str]
    preparation: ClassVar[str] = "raw"  # A name of questiontopic_model.preparation.
    fine: ClassVar[bool] = True  # Whether the graph's outputs are the fine labels.
    needs_validation: ClassVar[bool] = False  # Whether training looks at held-out rows, so that no run uses all rows.
    encoder: ClassVar[str] = ""  # The name of the only one that it can train, or "" for any.
    learns_from_unlabelled: ClassVar[bool] = False

    epochs: int

    @abstractmethod
    def train(self, task: Task) -> Any:
        """The trained Keras model: the encoder's outputs in, logits out. Equal tasks give equal models."""
