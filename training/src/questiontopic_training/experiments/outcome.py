"""The outcome of an experiment: logits of the held-out rows, and the final models; and the figures made from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from sklearn.metrics import f1_score

from questiontopic_model.calibration import Calibration
from questiontopic_model.runtimes.graph import Floats

from ..data.examples import Examples, Labels, concatenate
from ..data.questions import Question
from ..evaluation.calibration import fit_calibration
from ..evaluation.metrics import Evaluation, evaluate_logits, evaluate_probabilities
from ..evaluation.suite import SuiteResults, manifest_tables, reliability_tables, run_suite
from .cross_validation import fold_metrics

ComputeLogits = Callable[[Sequence[str]], Floats]  # From texts as users write them to logits [texts, labels].


@dataclass(frozen=True)
class Figures:
    """The calibration of a model, and the manifest's fields on its quality."""

    calibration: Calibration
    metrics: dict[str, float]
    evaluation: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """`held_out`: logits and right answers of the held-out rows, by fold. `finals`: one final model for each seed.

    `fine` says whether the logits are of fine labels.
    """

    labels: Labels
    fine: bool
    held_out: Sequence[tuple[Floats, Examples]]
    finals: Sequence[ComputeLogits]

    def figures(self, test: Sequence[Question], seeds: Sequence[int], robustness: bool) -> Figures:
        """Fits the calibration to the held-out rows and measures the final models on the test questions; prints both.

        Without test questions, only the answers to the held-out rows are measured. With `robustness`, disturbed test
        questions and other languages are measured too, which takes many times as long.
        """
        found, truth = (
            np.concatenate([part for part, _ in self.held_out]),
            concatenate([one for _, one in self.held_out]),
        )
        calibration = fit_calibration(found, truth.fine if self.fine else truth.coarse)
        held_out = evaluate_logits(found, truth, self.labels, self.fine, calibration)
        if test:
            metrics = _metrics(held_out, "validation")
        else:
            folds = [evaluate_logits(*part, self.labels, self.fine, calibration) for part in self.held_out]
            metrics = fold_metrics(held_out, folds)
        print(f"held out, temperature {_described(calibration)}:\n{_lines(metrics)}")
        results = []
        for seed, final in zip(seeds, self.finals, strict=True) if test else ():
            results.append(self._suite(partial(_confidences, final, calibration), test, robustness))
            print(f"test, seed {seed}:\n{_lines(_metrics(results[-1].test, 'test'))}")
        print((results[0].test if test else held_out).table(self.labels))
        return Figures(
            calibration,
            metrics | {"seeds": len(self.finals)} | _spread(results),
            manifest_tables(results) if test else {"reliability": reliability_tables(held_out)},
        )

    def _suite(self, predict: ComputeLogits, test: Sequence[Question], robustness: bool) -> SuiteResults:
        if robustness:
            return run_suite(predict, test, self.labels, self.fine)
        truth = self.labels.examples(test)
        return SuiteResults(evaluate_probabilities(predict(truth.texts), truth, self.labels, self.fine), {}, {})

    def described(self, descriptions: Mapping[str, str]) -> dict[str, str]:
        """Those of the descriptions that belong to a label of the bundle."""
        names = {*self.labels.coarse, *(label.name for label in self.labels.fine if self.fine)}
        return {name: description for name, description in descriptions.items() if name in names}


def mean_outcome(outcomes: Sequence[Outcome], temperatures: Sequence[float]) -> Outcome:
    """The outcome of an ensemble, as `questiontopic_model.ensemble` computes its answers.

    Raises ValueError unless all members held out the same rows.
    """
    first, *others = outcomes
    for other in others:
        for (_, rows), (_, same) in zip(first.held_out, other.held_out, strict=True):
            if not (np.array_equal(rows.fine, same.fine) and np.array_equal(rows.coarse, same.coarse)):
                raise ValueError("the members of an ensemble held out different rows")

    def together(logits: Sequence[Floats]) -> Floats:
        scaled = [one / np.float32(temperature) for one, temperature in zip(logits, temperatures, strict=True)]
        total: Floats = np.mean(scaled, axis=0)
        return total

    parts = zip(*(outcome.held_out for outcome in outcomes), strict=True)
    held_out = [(together([found for found, _ in part]), part[0][1]) for part in parts]
    finals = [
        partial(lambda members, texts: together([member(texts) for member in members]), members)
        for members in zip(*(outcome.finals for outcome in outcomes), strict=True)
    ]
    return Outcome(first.labels, first.fine, held_out, finals)


def _confidences(final: ComputeLogits, calibration: Calibration, texts: Sequence[str]) -> Floats:
    return calibration.confidences(final(texts))


def _described(calibration: Calibration) -> str:
    knots = [f"{one.temperature} at {one.confidence}" for one in calibration.temperatures]
    return ", ".join([str(calibration.temperature), *knots])


def _metrics(evaluation: Evaluation, prefix: str) -> dict[str, float]:
    """The metrics of an evaluation with the macro F1 of each level: the mean over the labels, rare or frequent."""
    scores = {
        f"{prefix}_{level}_macro_f1": float(f1_score(truth, found.argmax(axis=1), average="macro"))
        for level, found, truth in evaluation.levels()
    }
    return evaluation.metrics(prefix) | scores


def _spread(results: Sequence[SuiteResults]) -> dict[str, float]:
    """The test figures of the first model, and their mean and sample standard deviation over all models (0 for one)."""
    figures = [_metrics(result.test, "test") for result in results]
    values = dict(figures[0]) if figures else {}
    for name in [name for name in values if name != "test_questions"]:
        column = [figure[name] for figure in figures]
        values[f"{name}_mean"] = round(float(np.mean(column)), 6)
        values[f"{name}_std"] = round(float(np.std(column, ddof=min(1, len(column) - 1))), 6)
    return values


def _lines(metrics: dict[str, float]) -> str:
    return "\n".join(f"  {name:47} {value:.4f}" for name, value in metrics.items())
