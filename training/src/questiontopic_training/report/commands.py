"""The commands `evaluate` and `compare`: write a page and print its main figures."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from ..data.download import download_missing
from ..data.files import read_questions
from ..data.own_labels import MIN_TEXTS, is_own_file, read_own_labels
from ..data.questions import DataError, Question, QuestionSet
from ..data.trec import TEST, read_trec
from ..tensorflow_log import import_tensorflow_quietly
from .comparison_report import ComparisonReport
from .page import write
from .report import Report, sentence
from .settings import CompareSettings, EvaluateSettings
from .subject import Subject, examine


def evaluate(settings: EvaluateSettings) -> None:
    """Measures a bundle and writes its report; raises BundleError and DataError."""
    questions, source = _questions(settings)
    subject = examine(settings.bundle, questions, settings.runtime, settings.cache)
    print(_summary(subject))
    curve = None
    if settings.learning_curve:
        import_tensorflow_quietly()
        from .learning_curve import LearningCurve  # Imports TensorFlow, which nothing else here needs.

        learning_curve = LearningCurve(settings.curve_recipe, jobs=settings.jobs, cache=settings.cache)
        curve = learning_curve.measure(subject, _training(settings))
        for point in curve.points:
            figures = ", ".join(f"{name} {share.value:.1%}" for name, share in point.accuracy.items())
            print(f"  {curve.recipe} on {point.rows} training questions: {figures}")
    report = Report(subject, source, curve)
    if settings.figures:
        report.write_figures(settings.figures)
    write(report.html(), settings.output)
    print(settings.output)


def compare(settings: CompareSettings) -> None:
    """Compares two bundles and writes the report; raises BundleError and DataError."""
    questions, source = _questions(settings)
    folders = (settings.first, settings.second)
    first, second = (examine(folder, questions, settings.runtime, settings.cache) for folder in folders)
    report = ComparisonReport(first, second, source)
    write(report.html(), settings.output)
    print(report.summary())
    print(settings.output)


def _questions(settings: EvaluateSettings | CompareSettings) -> tuple[Sequence[Question], str]:
    """The questions to ask, and the name of their file."""
    data, test = settings.data, settings.test
    if test is None and is_own_file(data):
        raise DataError(f"{data}: the bundle was trained on it; name other questions by --test")
    if test is None:
        return _trec(data).test, TEST.name
    if not (questions := list(read_questions(test, settings.columns))):
        raise DataError(f"{test}: holds no question")
    return questions, test.name


def _training(settings: EvaluateSettings) -> Sequence[Question]:
    if is_own_file(settings.data):
        return read_own_labels(settings.data, None, MIN_TEXTS, settings.columns).training
    return read_trec(settings.data).training


def _trec(folder: Path) -> QuestionSet:
    download_missing(folder)
    data = read_trec(folder)
    for warning in data.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return data


def _summary(subject: Subject) -> str:
    results, manifest = subject.results, subject.manifest
    lines = [f"{manifest.name} {manifest.version}, {subject.runtime}:"]
    lines += [f"  {name:47} {value:.4f}" for name, value in results.test.metrics("test").items()]
    lines += [f"  {level.name}: {sentence(level)}" for level in subject.levels()]
    lines.append(results.test.table(subject.labels))
    for name, found in results.disturbed.items():
        lines.append(f"  {name:47} {_accuracies(found.accuracy())}")
    if scores := subject.none_scores:
        figures = ", ".join(f"{name} {value:.4g}" for name, value in scores.separation.items())
        lines.append(f"  {'none of these: test questions, own texts':47} {figures}")
    for code, found in results.languages.items():
        lines.append(f"  {'language ' + code:47} {_accuracies(found.accuracy())}")
    return "\n".join(lines)


def _accuracies(accuracy: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.1%}" for name, value in accuracy.items())
