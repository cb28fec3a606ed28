"""A learning curve: what more training rows bring. Only the figures; `learning_curve` trains the models."""

from __future__ import annotations

from dataclasses import dataclass

from .share import Share


@dataclass(frozen=True)
class Point:
    """A model trained on so many rows, and its right answers of each level to the held-out rows."""

    rows: int
    accuracy: dict[str, Share]


@dataclass(frozen=True)
class Curve:
    """Points of models that were all trained by one recipe; `stopped_early`: it looked at the held-out rows."""

    recipe: str
    bundle_recipe: str
    held: int
    stopped_early: bool
    points: tuple[Point, ...]
