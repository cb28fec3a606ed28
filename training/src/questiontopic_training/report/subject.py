"""The subject of a report: a bundle, loaded as the server loads it, and its answers to all questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from questiontopic_model.bundle import BundleError, FineLabel, Manifest, read_bundle
from questiontopic_model.loading import load_topic_model
from questiontopic_model.runtimes.graph import Floats
from questiontopic_model.topic_model import TopicModel

from ..data.examples import Ints, Labels
from ..data.questions import DataError, Question
from ..evaluation.metrics import Evaluation
from ..evaluation.none_of_these import separation
from ..evaluation.suite import SuiteResults, run_suite
from ..evaluation.typed import REPORT, read_not_questions
from .share import Share, share_of


@dataclass(frozen=True)
class Level:
    """One level of labels in an evaluation.

    `probabilities` [texts, labels], the numbers `truth` of the right labels, and the names of the labels.
    """

    name: str
    probabilities: Floats
    truth: Ints
    labels: tuple[str, ...]

    @property
    def answers(self) -> Ints:
        """The numbers of the top labels."""
        found: Ints = self.probabilities.argmax(axis=1)
        return found

    @property
    def confidence(self) -> Floats:
        """The confidences of the top labels."""
        found: Floats = self.probabilities.max(axis=1)
        return found

    @property
    def accuracy(self) -> Share:
        """The share of texts whose top label is right."""
        return share_of(self.answers == self.truth)


@dataclass(frozen=True)
class NoneScores:
    """The score "none of these" of the test questions, and of our own texts that ask for nothing, by their kind."""

    questions: Floats
    others: Mapping[str, Floats]

    @cached_property
    def all_others(self) -> Floats:
        """The scores of all kinds together."""
        return np.concatenate([*self.others.values()])

    @cached_property
    def separation(self) -> dict[str, float]:
        """How well the score separates the two: see `evaluation.none_of_these`."""
        return separation(self.questions, self.all_others)


@dataclass(frozen=True)
class Subject:
    """A bundle's manifest and labels, the runtime that computed the answers, and the results."""

    folder: Path
    manifest: Manifest
    runtime: str
    labels: Labels
    results: SuiteResults
    none_scores: NoneScores | None = None

    def levels(self, evaluation: Evaluation | None = None) -> list[Level]:
        """The levels of an evaluation; if not given, of the undisturbed test questions."""
        names = {"coarse": self.labels.coarse, "fine": tuple(label.name for label in self.labels.fine)}
        return [Level(*level, names[level[0]]) for level in (evaluation or self.results.test).levels()]


def examine(folder: Path, questions: Sequence[Question], runtime: str, cache: Path | None) -> Subject:
    """Loads a bundle and measures it; raises BundleError, and DataError for labels that the bundle lacks."""
    bundle = read_bundle(folder)
    manifest = bundle.manifest
    labels = _labels(folder, manifest)
    questions = [_labelled(question, labels) for question in questions]
    if unknown := {question.fine for question in questions} - {label.name for label in labels.fine}:
        raise DataError(f"{folder}: the bundle lacks labels of the test questions: {', '.join(sorted(unknown))}")
    model = load_topic_model(bundle, runtime, cache, threads=1)

    def answer(texts: Sequence[str]) -> Floats:
        return _finest(model, texts)

    found = run_suite(answer, questions, labels, bool(manifest.fine_labels))
    none_scores = _none_scores(model, questions) if manifest.none_of_these else None
    return Subject(folder, manifest, model.runtime, labels, found, none_scores)


def _none_scores(model: TopicModel, questions: Sequence[Question]) -> NoneScores:
    texts: dict[str, list[str]] = {}
    for kind, text in read_not_questions(REPORT):
        texts.setdefault(kind, []).append(text)

    def scores(asked: Sequence[str]) -> Floats:
        found = model.predict(asked).none_of_these
        return np.zeros(0, np.float32) if found is None else found

    others = {kind: scores(of_kind) for kind, of_kind in texts.items()}
    return NoneScores(scores([question.text for question in questions]), others)


def _labels(folder: Path, manifest: Manifest) -> Labels:
    fine = manifest.fine_labels or tuple(FineLabel(name, name) for name in manifest.coarse_labels)
    labels = Labels([Question("", label.coarse, label.name) for label in fine])
    if (labels.coarse, labels.fine) != (manifest.coarse_labels, fine):
        raise BundleError(f"{folder}: its labels are not sorted, so this package did not train it")
    return labels


def _labelled(question: Question, labels: Labels) -> Question:
    """The question with the levels of labels that the bundle has; a label that the bundle lacks stays."""
    coarse_of = {label.name: label.coarse for label in labels.fine}
    if question.fine not in coarse_of and not labels.hierarchical:
        narrowed = question if question.coarse in coarse_of else question.narrowed() or question
        question = replace(narrowed, fine=narrowed.coarse)
    return replace(question, coarse=coarse_of.get(question.fine, question.coarse))


def _finest(model: TopicModel, texts: Sequence[str]) -> Floats:
    found = model.predict(texts)
    return np.asarray(found.coarse if found.fine is None else found.fine)
