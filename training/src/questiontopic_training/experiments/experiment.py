"""An experiment, from labelled questions to a bundle: validate, calibrate, train the final models, test, write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from questiontopic_model.bundle import BundleError, Manifest
from questiontopic_model.bundle.manifest import NoneOfThese
from questiontopic_model.preparation import PREPARATIONS
from questiontopic_model.runtimes.graph import Floats, Graph
from questiontopic_model.runtimes.keras_graph import KerasGraph

from ..bundle.writer import Content, write_bundle
from ..data.examples import Examples, Labels
from ..data.extras import Extras
from ..data.questions import QuestionSet
from ..evaluation.metrics import compute_logits
from ..packages import versions
from ..recipes import Recipe
from .beyond import Beyond
from .cross_validation import split_folds
from .outcome import ComputeLogits, Figures, Outcome
from .runs import Run, Runs

HELD_OUT_SHARE = 0.2  # At least; 1,091 rows of TREC. With half as many, the temperature was a tenth too high.
_VALIDATION_SHARE = 0.1  # Of the remaining rows, for recipes that look at validation rows.
# The seed of splits and of models that are measured on held-out rows. It does not depend on the seeds of the final
# models, so the same rows are always held out.
MEASURING_SEED = 0
_PARITY_TEXTS = 500


@dataclass(frozen=True)
class Trained:
    """The outcome of an experiment, the model that goes into the bundle, and what was measured beyond the outcome.

    `none_of_these` calibrates the score of that name, if the models have it.
    """

    outcome: Outcome
    first: Any
    none_of_these: NoneOfThese | None = None
    answers: Sequence[ComputeLogits] = ()
    beyond: Beyond | None = None
    held_out: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Experiment:
    """What is trained on which data; `run` trains it.

    With test questions, one model is trained on four fifths of the training rows, and the held-out fifth gives the
    validation figures and the calibration. Without test questions, one model is trained for each of `folds`, and their
    held-out rows give both. Then one final model for each of `seeds` is trained on all rows (on nine tenths, if the
    recipe needs validation rows) and answers the test questions once. The bundle holds the model of the first seed,
    not the best model. The model that is measured on held-out rows does not learn from a part of the `extras` either.
    """

    recipe: Recipe
    data: QuestionSet
    seeds: Sequence[int]
    runs: Runs
    folds: int = 5
    extras: Extras = Extras()
    unlike: tuple[str, ...] = ()  # See `Beyond`.

    def run(self, folder: Path, name: str, version: str) -> Manifest:
        """Trains and writes the bundle into `folder`; prints the figures."""
        trained = self.train()
        return self.write(trained, trained.outcome.figures(self.data.test, self.seeds, True), folder, name, version)

    def train(self) -> Trained:
        """Trains all models, or reads them from the cache."""
        recipe, encoder, labels = self.recipe, self.runs.encoder, Labels(self.data.training)
        if recipe.encoder and recipe.encoder != encoder.name:
            raise BundleError(
                f"the recipe {recipe.name} needs the encoder {recipe.encoder}; regression, head and original take any"
            )
        if self.data.test:
            labels.examples(self.data.test)  # Raises DataError now, not after the training.
        planned, final = self._planned(labels)
        models = self.runs.models([*(run for run, _ in planned), *final])
        measured, finals = models[: len(planned)], models[len(planned) :]
        columns = len(labels.fine if recipe.fine else labels.coarse)
        found = [
            compute_logits(encoder.serving, KerasGraph(model), rows.texts)
            for model, (_, rows) in zip(measured, planned, strict=True)
        ]
        held_out = [(outputs[:, :columns], rows) for outputs, (_, rows) in zip(found, planned, strict=True)]
        answers = [_remembered(partial(self._logits, KerasGraph(model))) for model in finals]
        of_labels = [partial(_of_labels, answer, columns) for answer in answers]
        outcome = Outcome(labels, recipe.fine and labels.hierarchical, held_out, of_labels)
        if not recipe.fine:
            return Trained(outcome, finals[0])
        beyond = Beyond(labels, self.extras.split()[1], self.unlike)
        not_trained = _remembered(partial(self._logits, KerasGraph(measured[0])))
        all_found = np.concatenate(found)
        none_of_these = beyond.calibration(not_trained, all_found)
        tables = beyond.held_out_tables(not_trained, all_found, none_of_these)
        return Trained(outcome, finals[0], none_of_these, answers, beyond, tables)

    def write(self, trained: Trained, figures: Figures, folder: Path, name: str, version: str) -> Manifest:
        """Writes the bundle with these figures into `folder`."""
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
            label_descriptions=outcome.described(self.data.label_descriptions),
            temperature=figures.calibration.temperature,
            temperatures=figures.calibration.temperatures,
            none_of_these=trained.none_of_these,
            languages=encoder.languages,
            metrics=figures.metrics,
            evaluation=figures.evaluation | self._tables(trained, figures),
            training=self.description(),
            data=self.data.description,
        )
        content = Content(encoder.serving, KerasGraph(trained.first), partial(encoder.save, trained.first))
        return write_bundle(folder, manifest, content, self.runs.cache, self.parity_texts())

    def _tables(self, trained: Trained, figures: Figures) -> dict[str, Any]:
        """The tables about held-out extras and, with test questions, those about the final models."""
        tables = {name: dict(table) for name, table in trained.held_out.items()}
        if trained.beyond and self.data.test:
            final = trained.beyond.final_tables(
                trained.answers, self.data.test, figures.calibration, trained.none_of_these
            )
            for name, table in final.items():
                tables.setdefault(name, {}).update(table)
        return tables

    def description(self) -> dict[str, Any]:
        """How the models are trained, for the manifest."""
        return {
            "recipe": self.recipe.name,
            "hyper_parameters": asdict(self.recipe),
            "seeds": list(self.seeds),
            **({"held_out_share": HELD_OUT_SHARE} if self.data.test else {"folds": self.folds}),
            "packages": versions(),
        }

    def parity_texts(self) -> list[str]:
        """The texts on which all forms of a bundle must agree."""
        return [question.text for question in (self.data.test or self.data.training)[:_PARITY_TEXTS]]

    def _planned(self, labels: Labels) -> tuple[list[tuple[Run, Examples]], list[Run]]:
        """The runs that are measured on held-out rows, each with these rows; and the final runs."""
        examples = labels.examples(self.data.training)
        training = Examples(tuple(map(self._prepare, examples.texts)), examples.coarse, examples.fine)

        def run(name: str, rows: Examples, seed: int, extras: Extras = self.extras) -> Run:
            if self.recipe.needs_validation:
                return Run(name, self.recipe, *rows.split(_VALIDATION_SHARE, seed), labels, seed, extras)
            return Run(name, self.recipe, rows, None, labels, seed, extras)

        learned, _ = self.extras.split()
        final = [run(f"seed {seed}", training, seed) for seed in self.seeds]
        if not self.data.test:
            parts = split_folds(training, self.folds, MEASURING_SEED)
            return [
                (run(f"fold {number}", training.rows(kept), MEASURING_SEED, learned), training.rows(held_out))
                for number, (kept, held_out) in enumerate(parts, start=1)
            ], final
        kept, held_out = training.split(HELD_OUT_SHARE, MEASURING_SEED)
        return [(run("validation", kept, MEASURING_SEED, learned), held_out)], final

    def _prepare(self, text: str) -> str:
        return PREPARATIONS[self.recipe.preparation](text)

    def _logits(self, graph: Graph, texts: Sequence[str]) -> Floats:
        return compute_logits(self.runs.encoder.serving, graph, [*map(self._prepare, texts)])


def _of_labels(answer: ComputeLogits, columns: int, texts: Sequence[str]) -> Floats:
    """The outputs that are logits of labels."""
    return answer(texts)[:, :columns]


def _remembered(answer: ComputeLogits) -> ComputeLogits:
    """A function that remembers the answers: an ensemble and several measurements ask the same texts again."""
    known: dict[tuple[str, ...], Floats] = {}

    def ask(texts: Sequence[str]) -> Floats:
        key = tuple(texts)
        if key not in known:
            known[key] = answer(texts)
        return known[key]

    return ask
