"""The recipes by name: each turns labelled texts into the graph of a bundle."""

from __future__ import annotations

from .distilled import Distilled
from .finetuned import Finetuned
from .head import Head
from .minilm import MiniLMAverage
from .original import Original
from .recipe import Recipe, Task

__all__ = ["ENSEMBLE", "RECIPES", "Recipe", "Task"]

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe for recipe in (Original(), Head(), Finetuned(), Distilled(), MiniLMAverage())
}

# The recipes whose models answer together as the recipe `ensemble`, the most accurate: they err differently.
ENSEMBLE = ("distilled", "minilm")
