"""Subjects of reports with given answers, which no model computes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from questiontopic_model.bundle import FineLabel, Manifest
from questiontopic_model.bundle.manifest import EncoderSpec
from questiontopic_model.runtimes.graph import Floats
from questiontopic_training.data.examples import Labels
from questiontopic_training.data.questions import Question
from questiontopic_training.evaluation.metrics import Evaluation, evaluate_probabilities
from questiontopic_training.evaluation.suite import SuiteResults
from questiontopic_training.report.subject import Subject

FINE = ("CAT:big", "CAT:small", "DOG:big", "DOG:small")
Answered = tuple[str, str, str, float]  # Text, right label, answer, confidence.


def subject(name: str, answered: Sequence[Answered], fine: Sequence[str] = FINE, two_levels: bool = True) -> Subject:
    """A subject with these answers; the other labels share the remaining confidence."""
    labels = Labels([Question("", label.split(":")[0], label) for label in fine])
    rows = [Question(text, truth.split(":")[0], truth) for text, truth, _, _ in answered]
    probabilities = np.zeros((len(rows), len(fine)), np.float32)
    for row, (_, _, answer, confidence) in enumerate(answered):
        probabilities[row] = (1 - confidence) / (len(fine) - 1)
        probabilities[row, fine.index(answer)] = confidence
    found = _judge(probabilities, rows, labels, two_levels)
    manifest = Manifest(
        name=name,
        version="1.0.0",
        coarse_labels=labels.coarse,
        fine_labels=tuple(FineLabel(label.name, label.coarse) for label in labels.fine) if two_levels else (),
        preparation="raw",
        encoder=EncoderSpec("usem3", package="encoder"),
        runtimes={},
        files={},
        golden=(),
        digest="0123456789abcdef" * 4,
    )
    coarse = Evaluation(found.coarse, None, found.truth)
    return Subject(
        Path("bundles") / name,
        manifest,
        "onnxruntime",
        labels,
        SuiteResults(found, {"upper case": found}, {"de": coarse}),
    )


def _judge(fine: Floats, rows: Sequence[Question], labels: Labels, two_levels: bool) -> Evaluation:
    truth = labels.examples(rows)
    return evaluate_probabilities(fine if two_levels else fine @ labels.matrix, truth, labels, two_levels)
