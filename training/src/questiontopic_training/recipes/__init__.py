"""The recipes by name: each turns labelled texts into the graph of a bundle."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from ..encoders import TrainingEncoder
from ..examples import Examples, Labels
from ..teachers import Teachers
from .distilled import Distilled
from .finetuned import Finetuned
from .head import Head
from .minilm import MiniLMAverage
from .original import Original


class Recipe(Protocol):
    """A way to train, and (as dataclass fields) its hyper-parameters."""

    name: ClassVar[str]
    preparation: ClassVar[str]  # A name of questiontopic_server.model.preparation.
    fine: ClassVar[bool]  # Whether the graph's outputs are the fine labels.
    needs_validation: ClassVar[bool]  # Whether training itself looks at held-out rows, so that no run uses all rows.
    encoder: ClassVar[str]  # The name of the only one that it can train, or "" for any.
    learns_from_unlabelled: ClassVar[bool]

    @property
    def epochs(self) -> int:
        """Passes over the training rows, at most."""

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


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe for recipe in (Original(), Head(), Finetuned(), Distilled(), MiniLMAverage())
}
