"""The recipes' names, for options: `recipes` itself imports TensorFlow."""

RECIPE_NAMES = ("distilled", "ensemble", "finetuned", "head", "minilm", "original")
