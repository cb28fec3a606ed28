"""What a recipe is: a way to train, with its hyper-parameters as fields."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from ..data.examples import Examples, Labels
from ..encoders.training_encoder import TrainingEncoder
from .teachers import Teachers


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
    def train(
        self,
        encoder: TrainingEncoder,
        training: Examples,
        validation: Examples | None,
        labels: Labels,
        seed: int,
        teachers: Teachers,
    ) -> Any:
        """The trained Keras model: the encoder's outputs in, logits out. Equal seeds give equal models.

        `teachers` label the unlabelled questions, for recipes that learn from them.
        """
