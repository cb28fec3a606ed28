"""The base class of all recipes, and the task that a recipe trains on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ..data.examples import Examples, Labels
from ..data.extras import Extras
from ..encoders.training_encoder import TrainingEncoder
from .teachers import Teachers


@dataclass(frozen=True)
class Task:
    """Everything that decides the model which a recipe trains.

    `validation`: rows that a recipe may look at but not learn from. `teachers`: label the unlabelled questions, for
    recipes that learn from them. `extras`: further texts to learn from, whose translations are of these questions.
    """

    encoder: TrainingEncoder
    training: Examples
    labels: Labels
    seed: int
    validation: Examples | None = None
    teachers: Teachers = field(default_factory=lambda: Teachers(()))
    extras: Extras = Extras()


@dataclass(frozen=True)
class Recipe(ABC):
    """A way to train the graph of a bundle; its fields are its hyper-parameters.

    The options --epochs and --balance set the fields of these names, if there are any. `epochs` is the number of passes
    over the training rows, or the maximum for recipes that stop early.
    """

    name: ClassVar[str]
    preparation: ClassVar[str] = "raw"  # A name of questiontopic_model.preparation.
    fine: ClassVar[bool] = True  # Whether the outputs are fine labels.
    needs_validation: ClassVar[bool] = False  # Whether it looks at validation rows, so that no model sees all rows.
    encoder: ClassVar[str] = ""  # The only encoder that it can train, or "" for any.
    learns_from_unlabelled: ClassVar[bool] = False
    own_texts: ClassVar[tuple[str, ...]] = ()  # The options that name texts of one's own which it uses.
    learns_from_templates: ClassVar[bool] = False  # Whether it makes texts from templates, if the labels are TREC's.

    @abstractmethod
    def train(self, task: Task) -> Any:
        """Trains a Keras model that turns the encoder's outputs into logits. Equal tasks give equal models."""
