"""The tables of a report for one level of labels: scores, confusions and mistakes, as plain rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import precision_recall_fscore_support

from ..data.examples import Ints
from .subject import Level


@dataclass(frozen=True)
class Score:
    """The scores of a label: `support` questions have it, and `answers` questions got it.

    Precision is None without answers, recall is None without support, and F1 is None without both.
    """

    label: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int
    answers: int


@dataclass(frozen=True)
class Confusion:
    """`answer` was given `times` times where `truth` was right; `support` questions have the label `truth`."""

    truth: str
    answer: str
    times: int
    support: int


@dataclass(frozen=True)
class Mistake:
    """A wrong answer with its confidence, and the confidence `of_truth` of the right label."""

    text: str
    truth: str
    answer: str
    confidence: float
    of_truth: float


def scores(level: Level) -> list[Score]:
    """The scores of all labels, in the order of the labels."""
    numbers = range(len(level.labels))
    found = precision_recall_fscore_support(level.truth, level.answers, labels=numbers, zero_division=0)
    given = np.bincount(level.answers, minlength=len(level.labels)).tolist()
    rows = zip(level.labels, *(column.tolist() for column in found), given, strict=True)
    return [
        Score(name, p if answers else None, r if n else None, f if answers or n else None, n, answers)
        for name, p, r, f, n, answers in rows
    ]


def macro_f1(rows: Sequence[Score]) -> float:
    """The mean F1 of the labels that have questions; all labels count alike."""
    return float(np.mean([row.f1 for row in rows if row.support and row.f1 is not None]))


def confusion_matrix(level: Level) -> Ints:
    """The numbers of questions by right label (rows) and answer (columns)."""
    matrix = np.zeros((len(level.labels), len(level.labels)), np.int64)
    np.add.at(matrix, (level.truth, level.answers), 1)
    return matrix


def confusions(level: Level, max_rows: int) -> list[Confusion]:
    """The most frequent confusions, at most `max_rows`."""
    pairs = zip(level.truth.tolist(), level.answers.tolist(), strict=True)
    counted = Counter(pair for pair in pairs if pair[0] != pair[1])
    support = Counter(level.truth.tolist())
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return [
        Confusion(level.labels[truth], level.labels[answer], times, support[truth])
        for (truth, answer), times in ordered[:max_rows]
    ]


def mistakes(level: Level, texts: Sequence[str], max_rows: int) -> list[Mistake]:
    """The wrong answers with the highest confidence, at most `max_rows`."""
    rows = np.flatnonzero(level.answers != level.truth)
    ordered = rows[np.argsort(-level.confidence[rows], kind="stable")][:max_rows]
    return [
        Mistake(
            texts[row],
            level.labels[level.truth[row]],
            level.labels[level.answers[row]],
            float(level.confidence[row]),
            float(level.probabilities[row, level.truth[row]]),
        )
        for row in ordered.tolist()
    ]
