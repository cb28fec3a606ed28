"""All that is measured of a finished model: the test questions, the same disturbed, and our questions in languages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from questiontopic_model.encoders.encoder import Floats

from ..data.examples import Examples, Labels
from ..data.questions import Question
from .languages import read_languages
from .metrics import Evaluation, evaluate_probabilities, reliability
from .robustness import DISTURBANCES, disturbed

Predict = Callable[[Sequence[str]], Floats]  # Texts in, probabilities of the finest labels out, [texts, labels].


@dataclass(frozen=True)
class SuiteResults:
    """Evaluations of one model; `disturbed` by the name of what was done, `languages` (coarse only) by their codes."""

    test: Evaluation
    disturbed: dict[str, Evaluation]
    languages: dict[str, Evaluation]


def run_suite(answer: Predict, questions: Sequence[Question], labels: Labels, fine: bool) -> SuiteResults:
    """Asks a model everything; `fine` says whether it answers with fine labels."""
    truth = labels.examples(questions)

    def judged(asked: Examples) -> Evaluation:
        return evaluate_probabilities(answer(asked.texts), asked, labels, fine)

    languages = {}
    for code, asked in read_languages(labels.coarse).items():
        coarse = np.array([labels.coarse.index(question.coarse) for question in asked])
        texts = tuple(question.text for question in asked)
        found = judged(Examples(texts, coarse, coarse))
        languages[code] = Evaluation(found.coarse, None, found.truth)
    changed = {name: judged(disturbed(truth, name)) for name in DISTURBANCES}
    return SuiteResults(judged(truth), changed, languages)


def manifest_tables(results: Sequence[SuiteResults]) -> dict[str, Any]:
    """What a manifest keeps beside its metrics: of the first model the reliability, of all models the mean accuracies.

    `robustness` and `languages` hold for each name the accuracy of each level, and the former `drop`: how much lower
    that is than the undisturbed test questions', in shares of 1; and how often each question was asked, as `draws`.
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
    """The bins of each level, as plain values."""
    return {level: [asdict(one) for one in reliability(p, t)] for level, p, t in evaluation.levels()}


def _mean(evaluations: Sequence[Evaluation]) -> dict[str, float]:
    found = [evaluation.accuracy() for evaluation in evaluations]
    return {level: round(float(np.mean([one[level] for one in found])), 6) for level in found[0]}
