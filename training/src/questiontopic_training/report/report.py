"""The evaluation report of one bundle: collects its figures and makes the page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..evaluation.metrics import brier_score, calibration_error, chance_calibration_error, equal_mass_calibration_error
from ..evaluation.wording import ABOUT_80, confidence_sentence
from .curve import Curve
from .figures import confusion_figure, curve_figure, none_of_these_figure, reliability_figure
from .page import render, write
from .subject import Level, Subject
from .tables import confusion_matrix, confusions, macro_f1, mistakes, scores

_MAX_CONFUSIONS = 20
_MAX_MATRIX_LABELS = 20  # A larger confusion matrix cannot be read.
_MAX_MISTAKES = 20


@dataclass(frozen=True)
class Report:
    """A subject that answered the questions from the file `source`; `curve` is None if it was not measured."""

    subject: Subject
    source: str
    curve: Curve | None = None

    def html(self) -> str:
        """The page, with all figures in it."""
        subject, figures = self.subject, self.figures()
        values = {
            "manifest": subject.manifest,
            "runtime": subject.runtime,
            "source": self.source,
            "questions": len(subject.results.test.truth),
            "levels": [self._level(level, figures[f"reliability-{level.name}"]) for level in subject.levels()],
            "confusion_figure": figures.get("confusion", ""),
            "robustness": self._robustness(),
            "languages": {code: subject.levels(found)[0].accuracy for code, found in subject.results.languages.items()},
            "translations": self._translations(),
            "typed": subject.manifest.evaluation.get("typed"),
            "none_scores": subject.none_scores,
            "none_of_these_figure": figures.get("none-of-these", ""),
            "curve": self.curve,
            "curve_figure": figures.get("learning-curve", ""),
        }
        return render("report", values)

    def figures(self) -> dict[str, str]:
        """The figures as SVG text, by name."""
        coarse, *_ = levels = self.subject.levels()
        figures = {f"reliability-{level.name}": reliability_figure(level) for level in levels}
        if len(coarse.labels) <= _MAX_MATRIX_LABELS:
            figures["confusion"] = confusion_figure(confusion_matrix(coarse), coarse.labels)
        if scores := self.subject.none_scores:
            figures["none-of-these"] = none_of_these_figure(scores.questions, scores.all_others)
        if self.curve:
            figures["learning-curve"] = curve_figure(self.curve)
        return figures

    def write_figures(self, folder: Path) -> None:
        """Writes each figure into a file of its own."""
        for name, svg in self.figures().items():
            write(svg, folder / f"{name}.svg")

    def _level(self, level: Level, reliability: str) -> dict[str, Any]:
        rows = scores(level)
        seen = [row for row in rows if row.support or row.answers]
        return {
            "name": level.name,
            "labels": len(level.labels),
            "accuracy": level.accuracy,
            "calibration_error": calibration_error(level.probabilities, level.truth),
            "chance_calibration_error": chance_calibration_error(level.probabilities),
            "equal_mass_calibration_error": equal_mass_calibration_error(level.probabilities, level.truth),
            "brier_score": brier_score(level.probabilities, level.truth),
            "sentence": sentence(level),
            "reliability_figure": reliability,
            "confusions": confusions(level, _MAX_CONFUSIONS),
            "scores": seen,
            "macro_f1": macro_f1(rows),
            "unseen": [row.label for row in rows if row not in seen],
            "mistakes": mistakes(level, self.subject.results.test.truth.texts, _MAX_MISTAKES),
        }

    def _translations(self) -> list[dict[str, Any]]:
        """A row for each language: whether the encoder knows it, and the figures of each collection."""
        collections: dict[str, Any] = self.subject.manifest.evaluation.get("translations", {})
        known = self.subject.manifest.languages
        codes = {code for of_language in collections.values() for code in of_language}
        return [
            {
                "code": code,
                "known": code in known,
                "shares": {name: of_language.get(code) for name, of_language in collections.items()},
            }
            for code in sorted(codes, key=lambda code: (code not in known, code))
        ]

    def _robustness(self) -> list[dict[str, Any]]:
        test = self.subject.results.test
        undisturbed = test.accuracy()
        rows = {"as they are": test, **self.subject.results.disturbed}
        return [
            {
                "name": name,
                "changed": found is not test,
                "levels": [
                    {"name": level, "value": value, "difference": value - undisturbed[level]}
                    for level, value in found.accuracy().items()
                ],
            }
            for name, found in rows.items()
        ]


def sentence(level: Level) -> str:
    """How many answers with a confidence of about 0.8 were right, as a sentence."""
    low, high = ABOUT_80
    found = (level.confidence >= low) & (level.confidence < high)
    right = (level.answers == level.truth)[found]
    return confidence_sentence(len(right), int(right.sum()), low, high)
