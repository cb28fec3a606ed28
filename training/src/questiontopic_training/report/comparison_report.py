"""The report that compares two bundles on the same questions: collects the figures of both and makes the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..evaluation.metrics import brier_score, calibration_error
from .comparison import LevelComparison, compare_levels
from .page import render
from .subject import Level, Subject

_SIGNIFICANT = 0.05


@dataclass(frozen=True)
class ComparisonReport:
    """Two subjects that answered the same questions from the file `source`."""

    first: Subject
    second: Subject
    source: str

    def html(self) -> str:
        """The page; raises DataError if the labels of the subjects differ."""
        a, b = self.first, self.second
        names = [f"{one.manifest.name} {one.manifest.version}" for one in (a, b)]
        values = {
            "first": names[0],
            "second": names[1],
            "a": a.manifest,
            "b": b.manifest,
            "folders": [str(one.folder) for one in (a, b)],
            "source": self.source,
            "questions": len(a.results.test.truth),
            "levels": [_level(one) for one in compare_levels(a, b)],
            "robustness": self._robustness(),
            "languages": self._languages(),
        }
        return render("comparison", values)

    def summary(self) -> str:
        """One line for each level of labels."""
        return "\n".join(f"{one.first.name}: {verdict(one)}" for one in compare_levels(self.first, self.second))

    def _robustness(self) -> list[dict[str, Any]]:
        a, b = self.first.results, self.second.results
        rows = {"as they are": (a.test, b.test)} | {
            name: (a.disturbed[name], b.disturbed[name]) for name in a.disturbed
        }
        found = {name: (one.accuracy(), other.accuracy()) for name, (one, other) in rows.items()}
        return [
            {"name": name, "levels": [{"a": one[level], "b": other[level]} for level in one if level in other]}
            for name, (one, other) in found.items()
        ]

    def _languages(self) -> list[dict[str, Any]]:
        a, b = self.first.results.languages, self.second.results.languages
        return [
            {
                "code": code,
                "questions": len(a[code].truth),
                "a": a[code].accuracy()["coarse"],
                "b": b[code].accuracy()["coarse"],
            }
            for code in a
            if code in b
        ]


def verdict(level: LevelComparison) -> str:
    """Says which bundle is better and whether the difference may be chance."""
    a, b, test = level.first.accuracy, level.second.accuracy, level.test
    head = f"A answers {a.value:.1%} right, B {b.value:.1%}. "
    if not test.only_first + test.only_second:
        return f"{head}Both answer the same questions right."
    counts = f"Only A is right on {test.only_first} questions, only B on {test.only_second}"
    if test.p < _SIGNIFICANT:
        better = "A" if test.only_first > test.only_second else "B"
        return f"{head}{counts}: {better} is better, and this is probably not chance ({p_value(test.p)})."
    return f"{head}{counts}: this may well be chance ({p_value(test.p)})."


def p_value(p: float) -> str:
    """A p-value as text, with few digits."""
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.2g}" if p < 0.1 else f"p = {p:.2f}"


def _level(level: LevelComparison) -> dict[str, Any]:
    return {
        "name": level.first.name,
        "verdict": verdict(level),
        "test": level.test,
        "p": p_value(level.test.p).removeprefix("p = "),
        "a": _figures(level.first),
        "b": _figures(level.second),
        "changes": level.changes,
    }


def _figures(level: Level) -> dict[str, Any]:
    return {
        "accuracy": level.accuracy,
        "calibration_error": calibration_error(level.probabilities, level.truth),
        "brier_score": brier_score(level.probabilities, level.truth),
    }
