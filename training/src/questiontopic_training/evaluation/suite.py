"""All measurements of a finished model: the test questions, the disturbed test questions, and other languages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from questiontopic_model.runtimes.graph import Floats

from ..data.examples import Examples, Labels
from ..data.questions import Question
from .languages import read_languages
from .metrics import Evaluation, evaluate_probabilities, reliability
from .robustness import DISTURBANCES, disturbed

Predict = Callable[[Sequence[str]], Floats]  # From texts to probabilities of the finest labels, [texts, labels].


@dataclass(frozen=True)
class SuiteResults:
    """The evaluations of one model: `disturbed` by disturbance, `languages` (coarse labels only) by language code."""

    test: Evaluation
    disturbed: dict[str, Evaluation]
    languages: dict[str, Evaluation]


def run_suite(predict: Predict, questions: Sequence[Question], labels: Labels, fine: bool) -> SuiteResults:
    """Measures a model; `fine` says whether its answers are fine labels."""
    truth = labels.examples(questions)

    def evaluated(asked: Examples) -> Evaluation:
        return evaluate_probabilities(predict(asked.texts), asked, labels, fine)

    languages = {}
    for code, asked in read_languages(labels.coarse).items():
        coarse = np.array([labels.coarse.index(question.coarse) for question in asked])
        texts = tuple(question.text for question in asked)
        found = evaluated(Examples(texts, coarse, coarse))
        languages[code] = Evaluation(found.coarse, None, found.truth)
    changed = {name: evaluated(disturbed(truth, name)) for name in DISTURBANCES}
    return SuiteResults(evaluated(truth), changed, languages)


def manifest_tables(results: Sequence[SuiteResults]) -> dict[str, Any]:
    """The field `evaluation` of a manifest, from the results of one model for each seed.

    `reliability` is that of the first model; accuracies are means over all models. For each disturbance, `robustness`
    has the accuracy of each level, `drop`, how much lower it is than without the disturbance, and `draws`, how often
    each question was asked.
    """
    first, *_ = results
    undisturbed = _mean([one.test for one in results])
    robustness = {}
    for name in first.disturbed:
        accuracy = _mean([one.disturbed[name] for one in results])
        drop = {level: round(undisturbed[level] - value, 6) for level, value in accuracy.items()}
        draws = len(first.disturbed[name].truth) // len(first.test.truth)
        robustness[name] = {"accuracy": accuracy, "drop": drop, "draws": draws}
    return {
        "reliability": reliability_tables(first.test),
        "robustness": robustness,
        "languages": {
            code: {
                "questions": len(found.truth),
                "accuracy": _mean([one.languages[code] for one in results])["coarse"],
            }
            for code, found in first.languages.items()
        },
    }


def reliability_tables(evaluation: Evaluation) -> dict[str, Any]:
    """The reliability bins of each level, as plain values."""
    return {level: [asdict(one) for one in reliability(p, t)] for level, p, t in evaluation.levels()}


def _mean(evaluations: Sequence[Evaluation]) -> dict[str, float]:
    found = [evaluation.accuracy() for evaluation in evaluations]
    return {level: round(float(np.mean([one[level] for one in found])), 6) for level in found[0]}
