"""One experiment from labelled questions to a bundle: validate, calibrate, train the final models, test, write."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from questiontopic_model.bundle import BundleError, Manifest
from questiontopic_model.encoders.encoder import Floats, Graph
from questiontopic_model.preparation import PREPARATIONS
from questiontopic_model.runtimes.keras_graph import KerasGraph

from ..bundle.writer import Content, write_bundle
from ..data.examples import Examples, Labels
from ..data.questions import QuestionSet
from ..evaluation.metrics import compute_logits
from ..recipes import Recipe
from .cross_validation import split_folds
from .outcome import ComputeLogits, Figures, Outcome
from .runs import PACKAGES, Run, Runs

HELD_OUT_SHARE = 0.2  # At least. Of TREC's rows 1,091; with half of them the temperature was a tenth too high.
_VALIDATION_SHARE = 0.1  # Of what is left, for recipes that look at some rows while they train.
_MEASURING_SEED = (
    0  # The seed of splits and of runs on parts: the same rows are held out whatever the final models' seeds.
)
_PARITY_TEXTS = 500


@dataclass(frozen=True)
class Trained:
    """What an experiment's models say, and the one that goes into the bundle."""

    outcome: Outcome
    first: Any


@dataclass(frozen=True)
class Experiment:
    """What is trained, on what and how often; `run` does it.

    With test questions, a validation run sees four fifths of the training rows; the other fifth gives the validation
    figures and the calibration. Without, there is a run for each of `folds`, and the rows that they hold out give both.
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
        trained = self.train()
        return self.write(trained, trained.outcome.figures(self.data.test, self.seeds), folder, name, version)

    def train(self) -> Trained:
        """Trains, or finds what is trained already."""
        recipe, encoder, labels = self.recipe, self.runs.encoder, Labels(self.data.training)
        if recipe.encoder and recipe.encoder != encoder.name:
            raise BundleError(
                f"the recipe {recipe.name} needs the encoder {recipe.encoder}; head and original take any"
            )
        if self.data.test:
            labels.examples(self.data.test)  # A label that is not trained is an error now, not after training.
        planned, final = self._planned(labels)
        models = self.runs.models([*(run for run, _ in planned), *final])
        tested, finals = models[: len(planned)], models[len(planned) :]
        held_out = [
            (compute_logits(encoder.serving, KerasGraph(model), held.texts), held)
            for model, (_, held) in zip(tested, planned, strict=True)
        ]
        answers = [_remembered(partial(self._logits, KerasGraph(model))) for model in finals]
        return Trained(Outcome(labels, recipe.fine and labels.hierarchical, held_out, answers), finals[0])

    def write(self, trained: Trained, figures: Figures, folder: Path, name: str, version: str) -> Manifest:
        """Writes the bundle with its figures into `folder`."""
        outcome, encoder = trained.outcome, self.runs.encoder
        manifest = Manifest(
            name=name,
            version=version,
            coarse_labels=outcome.labels.coarse,
            fine_labels=outcome.labels.fine if outcome.fine else (),
            preparation=self.recipe.preparation,
            encoder=encoder.spec,
            runtimes={},
            files={},
            golden=(),
            temperature=figures.calibration.temperature,
            temperatures=figures.calibration.temperatures,
            languages=encoder.languages,
            metrics=figures.metrics,
            evaluation=figures.evaluation,
            training=self.description(),
            data=self.data.description,
        )
        content = Content(encoder.serving, KerasGraph(trained.first), partial(encoder.save, trained.first))
        return write_bundle(folder, manifest, content, self.runs.cache, self.parity_texts())

    def description(self) -> dict[str, Any]:
        """How it trains, for a manifest."""
        return {
            "recipe": self.recipe.name,
            "hyper_parameters": asdict(self.recipe),
            "seeds": list(self.seeds),
            **({"held_out_share": HELD_OUT_SHARE} if self.data.test else {"folds": self.folds}),
            "packages": {package: importlib.metadata.version(package) for package in PACKAGES},
        }

    def parity_texts(self) -> list[str]:
        """Texts on which all forms of a bundle must agree."""
        return [question.text for question in (self.data.test or self.data.training)[:_PARITY_TEXTS]]

    def _planned(self, labels: Labels) -> tuple[list[tuple[Run, Examples]], list[Run]]:
        """The runs that are measured on rows they do not see, with these rows, and the final runs."""
        examples = labels.examples(self.data.training)
        training = Examples(tuple(map(self._prepare, examples.texts)), examples.coarse, examples.fine)

        def run(name: str, rows: Examples, seed: int) -> Run:
            if self.recipe.needs_validation:
                return Run(name, self.recipe, *rows.split(_VALIDATION_SHARE, seed), labels, seed)
            return Run(name, self.recipe, rows, None, labels, seed)

        final = [run(f"seed {seed}", training, seed) for seed in self.seeds]
        if not self.data.test:
            parts = split_folds(training, self.folds, _MEASURING_SEED)
            return [
                (run(f"fold {number}", training.rows(kept), _MEASURING_SEED), training.rows(held))
                for number, (kept, held) in enumerate(parts, start=1)
            ], final
        kept, held = training.split(HELD_OUT_SHARE, _MEASURING_SEED)
        return [(run("validation", kept, _MEASURING_SEED), held)], final

    def _prepare(self, text: str) -> str:
        return PREPARATIONS[self.recipe.preparation](text)

    def _logits(self, graph: Graph, texts: Sequence[str]) -> Floats:
        return compute_logits(self.runs.encoder.serving, graph, [*map(self._prepare, texts)])


def _remembered(answer: ComputeLogits) -> ComputeLogits:
    """The same, but equal texts are computed once: an ensemble asks its models again what each was asked alone."""
    known: dict[tuple[str, ...], Floats] = {}

    def ask(texts: Sequence[str]) -> Floats:
        key = tuple(texts)
        if key not in known:
            known[key] = answer(texts)
        return known[key]

    return ask
