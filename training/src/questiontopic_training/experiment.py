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

from .assessment import Answer, Assessment, assess, reliabilities, tables
from .bundle_writer import write_bundle
from .cross_validation import fold_metrics, split_folds
from .evaluation import evaluate, fit_temperature, logits
from .examples import Examples, Labels, concatenate
from .questions import QuestionSet
from .recipes import Recipe
from .runs import PACKAGES, Run, Runs

HELD_OUT_SHARE = 0.2  # Of TREC's rows 1,091; with half of them the temperature came out a tenth too high.
_VALIDATION_SHARE = 0.1  # Of what is left, for recipes that look at some rows while they train.
_PARITY = 500  # Texts on which all forms of the bundle must agree.


@dataclass(frozen=True)
class Experiment:
    """What is trained, on what and how often; `run` does it.

    With test questions, a validation run sees four fifths of the training rows; the other fifth gives the validation
    figures and the temperature. Without, there is a run for each of `folds`, and the rows that they hold out give both.
    The final models, one for each of `seeds`, see all rows (with a recipe that needs validation: nine tenths); each
    answers the test questions once. The bundle holds the first seed's model, not the best one.
    """

    recipe: Recipe
    data: QuestionSet
    seeds: Sequence[int]
    runs: Runs
    folds: int = 5

    def run(self, folder: Path, name: str, version: str) -> Manifest:
        """Trains and writes the bundle into `folder`; prints figures on the way."""
        recipe, encoder, labels = self.recipe, self.runs.encoder, Labels(self.data.training)
        if recipe.encoder and recipe.encoder != encoder.name:
            raise BundleError(
                f"the recipe {recipe.name} needs the encoder {recipe.encoder}; head and original take any"
            )
        fine, tested = recipe.fine and labels.hierarchical, bool(self.data.test)
        if tested:
            labels.examples(self.data.test)  # A label that is not trained is an error now, not after training.
        planned, final = self._planned(labels)
        measured = [held for _, held in planned]
        models = self.runs.models([*(run for run, _ in planned), *final])

        parts = [
            logits(encoder.serving, KerasGraph(model), held.texts)
            for model, held in zip(models[: len(planned)], measured, strict=True)
        ]
        found, truth = np.concatenate(parts), concatenate(measured)
        temperature = fit_temperature(found, truth.fine if fine else truth.coarse)
        held_out = evaluate(found, truth, labels, fine, temperature)
        if tested:
            metrics = held_out.metrics("validation")
        else:
            pairs = zip(parts, measured, strict=True)
            metrics = fold_metrics(held_out, [evaluate(*pair, labels, fine, temperature) for pair in pairs])
        print(f"held out, temperature {temperature}:\n{_lines(metrics)}")
        assessments = []
        for seed, model in zip(self.seeds, models[len(planned) :], strict=True):
            if tested:
                assessments.append(assess(self._answer(model, temperature), self.data.test, labels, fine))
                print(f"test, seed {seed}:\n{_lines(assessments[-1].test.metrics('test'))}")
        print((assessments[0].test if tested else held_out).table(labels))

        manifest = Manifest(
            name=name,
            version=version,
            coarse_labels=labels.coarse,
            fine_labels=labels.fine if fine else (),
            preparation=recipe.preparation,
            encoder=encoder.spec,
            runtimes={},
            files={},
            golden=(),
            temperature=temperature,
            languages=encoder.languages,
            metrics=metrics | {"seeds": len(self.seeds)} | _spread(assessments),
            evaluation=tables(assessments) if tested else {"reliability": reliabilities(held_out)},
            training=self._description(),
            data=self.data.description,
        )
        texts = [question.text for question in (self.data.test or self.data.training)[:_PARITY]]
        return write_bundle(folder, manifest, models[len(planned)], encoder, self.runs.cache, texts)

    def _planned(self, labels: Labels) -> tuple[list[tuple[Run, Examples]], list[Run]]:
        """The runs that are measured on rows they do not see, with these rows, and the final runs."""
        examples = labels.examples(self.data.training)
        training = Examples(tuple(map(self._prepare, examples.texts)), examples.coarse, examples.fine)
        first = self.seeds[0]

        def run(name: str, rows: Examples, seed: int) -> Run:
            if self.recipe.needs_validation:
                return Run(name, self.recipe, *rows.split(_VALIDATION_SHARE, seed), labels, seed)
            return Run(name, self.recipe, rows, None, labels, seed)

        final = [run(f"seed {seed}", training, seed) for seed in self.seeds]
        if not self.data.test:
            parts = split_folds(training, self.folds, first)
            return [
                (run(f"fold {number}", training.rows(kept), first), training.rows(held))
                for number, (kept, held) in enumerate(parts, start=1)
            ], final
        kept, held = training.split(HELD_OUT_SHARE, first)
        return [(run("validation", kept, first), held)], final

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
            "hyper_parameters": asdict(self.recipe),
            "seeds": list(self.seeds),
            **({"held_out_share": HELD_OUT_SHARE} if self.data.test else {"folds": self.folds}),
            "packages": {package: importlib.metadata.version(package) for package in PACKAGES},
        }


def _spread(assessments: Sequence[Assessment]) -> dict[str, float]:
    """The first model's test figures; of all their mean and sample standard deviation (0 of one) over the seeds."""
    figures = [assessment.test.metrics("test") for assessment in assessments]
    values = dict(figures[0]) if figures else {}
    for name in [name for name in values if name != "test_questions"]:
        column = [figure[name] for figure in figures]
        values[f"{name}_mean"] = round(float(np.mean(column)), 6)
        values[f"{name}_std"] = round(float(np.std(column, ddof=min(1, len(column) - 1))), 6)
    return values


def _lines(metrics: dict[str, float]) -> str:
    return "\n".join(f"  {name:45} {value:.4f}" for name, value in metrics.items())
