"""The recipes' names, for options: `recipes` itself imports TensorFlow."""

RECIPE_NAMES = ("distilled", "finetuned", "head", "minilm", "original")
