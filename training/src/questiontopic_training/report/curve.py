"""The figures of a learning curve: accuracy by the number of training rows. `learning_curve` measures them."""

from __future__ import annotations

from dataclasses import dataclass

from .share import Share


@dataclass(frozen=True)
class Point:
    """A model that was trained on `rows` rows, and its accuracy on the held-out rows at each level of labels."""

    rows: int
    accuracy: dict[str, Share]


@dataclass(frozen=True)
class Curve:
    """The points of models trained by one recipe and measured on `held_out` rows.

    `bundle_recipe` made the bundle of the report. `stopped_early`: the recipe used the held-out rows to stop early.
    """

    recipe: str
    bundle_recipe: str
    held_out: int
    stopped_early: bool
    points: tuple[Point, ...]
