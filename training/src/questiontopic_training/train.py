"""The command `train`: settings in, a bundle out."""

from __future__ import annotations

import dataclasses
import sys

from .download import complete
from .encoders import load_encoder
from .experiment import Experiment
from .recipes import RECIPES
from .runs import Runs, prepare_tensorflow
from .settings import Settings
from .teachers import Teachers
from .trec import read_trec
from .unlabelled import NO_QUESTIONS, read_unlabelled


def train(settings: Settings) -> None:
    """Does what the settings say; raises BundleError, DataError or ParityError."""
    prepare_tensorflow(settings.threads)
    complete(settings.data)
    recipe, data = RECIPES[settings.recipe], read_trec(settings.data)
    unlabelled = read_unlabelled(settings.questions) if recipe.learns_from_unlabelled else NO_QUESTIONS
    data = data.beside(unlabelled.description)
    for warning in (*data.warnings, *unlabelled.warnings):
        print(f"warning: {warning}", file=sys.stderr)
    if settings.epochs:
        recipe = dataclasses.replace(recipe, epochs=settings.epochs)  # type: ignore[type-var]
    encoder = load_encoder(settings.encoder, settings.cache, settings.threads)
    teachers = Teachers(unlabelled.questions, settings.cache)
    runs = Runs(encoder, teachers, settings.jobs, settings.threads, settings.cache)
    seeds = range(settings.seed, settings.seed + settings.seeds)
    manifest = Experiment(recipe, data, seeds, runs).run(settings.output, settings.name, settings.version)
    print(f"{settings.output}: {manifest.name} {manifest.version}, digest {manifest.digest}")
