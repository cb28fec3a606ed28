"""The differences between two bundles on the same questions: McNemar's exact test, and the changed answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from ..data.questions import DataError
from .subject import Level, Subject

Rights = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class McNemar:
    """How many questions only one of two models answers right, and the two-sided p of McNemar's exact test (1947)."""

    only_first: int
    only_second: int
    p: float


@dataclass(frozen=True)
class Change:
    """A question with the answers of both models."""

    text: str
    truth: str
    first: str
    first_confidence: float
    second: str
    second_confidence: float


@dataclass(frozen=True)
class LevelComparison:
    """The answers of both models for one level of labels; `changes` are grouped by kind."""

    first: Level
    second: Level
    test: McNemar
    changes: dict[str, tuple[Change, ...]]


def mcnemar(first: Rights, second: Rights) -> McNemar:
    """McNemar's test of two models, from whether each answered each question right."""
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    discordant = only_first + only_second
    return McNemar(only_first, only_second, float(binomtest(only_first, discordant).pvalue) if discordant else 1.0)


def compare_levels(first: Subject, second: Subject) -> list[LevelComparison]:
    """Compares the levels of labels that both have; raises DataError if their labels differ."""
    pairs = list(zip(first.levels(), second.levels(), strict=False))  # One of them may have no fine labels.
    for a, b in pairs:
        for lacks, has in ((a, b), (b, a)):
            if missing := sorted(set(has.labels) - set(lacks.labels)):
                folder = (first if lacks is a else second).folder
                raise DataError(f"{folder}: cannot be compared, it lacks the {a.name} labels {', '.join(missing)}")
    return [_compare(a, b, first.results.test.truth.texts) for a, b in pairs]


def _compare(first: Level, second: Level, texts: Sequence[str]) -> LevelComparison:
    right, now_right = first.answers == first.truth, second.answers == second.truth
    both_wrong = ~right & ~now_right & (first.answers != second.answers)
    kinds = {
        "right → wrong": right & ~now_right,
        "wrong → right": ~right & now_right,
        "wrong → other wrong": both_wrong,
    }

    def change(row: int) -> Change:
        answers = ((level.labels[level.answers[row]], float(level.confidence[row])) for level in (first, second))
        (before, how_sure), (after, how_sure_now) = answers
        return Change(texts[row], first.labels[first.truth[row]], before, how_sure, after, how_sure_now)

    changes = {
        kind: tuple(sorted(map(change, np.flatnonzero(rows).tolist()), key=lambda one: -one.second_confidence))
        for kind, rows in kinds.items()
    }
    return LevelComparison(first, second, mcnemar(right, now_right), changes)
