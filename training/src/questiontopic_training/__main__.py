"""The command: settings in, a bundle out. The only exit codes: 0, 1 for an error told in one line, 2 for usage."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence

import tensorflow as tf

from questiontopic_server.model import BundleError

from .bundle_writer import ParityError
from .download import complete
from .encoders import load_encoder
from .experiment import Experiment
from .questions import DataError
from .recipes import RECIPES
from .settings import Settings, parse
from .teachers import Teachers
from .trec import read_trec
from .unlabelled import NO_QUESTIONS, read_unlabelled


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    settings = parse(arguments)
    try:
        train(settings)
    except (BundleError, DataError, ParityError) as error:
        print(f"questiontopic_training: {error}", file=sys.stderr)
        return 1
    return 0


def train(settings: Settings) -> None:
    """Does what the settings say; raises BundleError, DataError or ParityError."""
    tf.config.threading.set_intra_op_parallelism_threads(settings.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    complete(settings.data)
    recipe, data = RECIPES[settings.recipe], read_trec(settings.data)
    unlabelled = read_unlabelled(settings.questions) if recipe.learns_from_unlabelled else NO_QUESTIONS
    data = data.beside(unlabelled.description)
    for warning in (*data.warnings, *unlabelled.warnings):
        print(f"warning: {warning}", file=sys.stderr)
    if settings.epochs:
        recipe = dataclasses.replace(recipe, epochs=settings.epochs)  # type: ignore[type-var]
    encoder = load_encoder(settings.encoder, settings.cache, settings.threads)
    seeds = range(settings.seed, settings.seed + settings.seeds)
    teachers = Teachers(unlabelled.questions, settings.cache)
    manifest = Experiment(recipe, encoder, data, seeds, settings.cache, teachers).run(
        settings.output, settings.name, settings.version
    )
    print(f"{settings.output}: {manifest.name} {manifest.version}, digest {manifest.digest}")


if __name__ == "__main__":
    sys.exit(main())
