"""Reads a data set of your own: a file of labelled questions and, optionally, a file of test questions.

If all labels of the training file have the form `COARSE:fine`, or if it has the columns coarse and fine, the labels
form a hierarchy of two levels; otherwise they are flat. The test file is read in the same way as the training file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from questiontopic_model.bundle.bundle import sha256_of

from .columns import Columns
from .duplicates import find_duplicates, normalized
from .files import USUAL, read_questions
from .look_alikes import LookAlike, find_look_alikes, looks, shown, warnings
from .questions import DataError, Question, QuestionSet

MIN_TEXTS = 3  # Different texts that a label needs: one to learn from, one to decide when to stop, one to measure.


def is_own_file(data: Path) -> bool:
    """Whether `data` is a file of your own rather than a folder with TREC's files."""
    return data.is_file() or (bool(data.suffix) and not data.is_dir())


def read_own_labels(training: Path, test: Path | None, folds: int, columns: Columns = USUAL) -> QuestionSet:
    """Reads and checks both files; raises DataError.

    Every label needs at least 3 different texts; without a test file, at least `folds` different texts.
    """
    trained = _with_levels(_read(training, columns))
    look_alikes = find_look_alikes(trained)
    _check_labels(training, trained, folds if test is None else MIN_TEXTS, look_alikes)
    tested = _as_trained(test, training, trained, columns) if test else ()
    duplicates = find_duplicates(trained, tested)
    counts = _counts(trained)
    files = {training.name: _file(training, trained)}
    if test:
        files[test.name if test.name != training.name else f"{test.parent.name}/{test.name}"] = _file(test, tested)
    description = {
        "name": training.name,
        "files": files,
        "duplicates": duplicates.counts(),
        "rows_per_label": {"least": min(counts.values()), "most": max(counts.values())},
    }
    warned = (*warnings(look_alikes, training), *duplicates.warnings(training, test))
    return QuestionSet(trained, tested, description, warned)


def _read(path: Path, columns: Columns) -> tuple[Question, ...]:
    if not (questions := tuple(read_questions(path, columns))):
        raise DataError(f"{path}: holds no question")
    return questions


def _with_levels(questions: tuple[Question, ...]) -> tuple[Question, ...]:
    narrowed = tuple(found for question in questions if (found := question.narrowed()))
    # A coarse label that all rows share is no level of its own: `intent:buy` and `intent:sell` are flat labels.
    if len(narrowed) == len(questions) and len({question.coarse for question in narrowed}) > 1:
        return narrowed
    if len({question.coarse for question in questions}) == 1:
        return tuple(replace(question, coarse=question.fine) for question in questions)
    return questions


def _as_trained(path: Path, training: Path, trained: Sequence[Question], columns: Columns) -> tuple[Question, ...]:
    coarse_of = {question.fine: question.coarse for question in trained}
    questions = []
    for question in _read(path, columns):
        if question.fine not in coarse_of:
            label, alike = repr(question.fine), ""
            if like := next((one for one in coarse_of if looks(one) == looks(question.fine)), None):
                label, known = shown(question.fine, like)
                alike = f"write it like {known} there, or "
            raise DataError(
                f"{path}:{question.line}: label {label} does not occur in {training.name}; "
                f"{alike}add rows of it there or remove this one"
            )
        questions.append(Question(question.text, coarse_of[question.fine], question.fine, question.line))
    return tuple(questions)


def _check_labels(path: Path, questions: Sequence[Question], min_texts: int, look_alikes: Sequence[LookAlike]) -> None:
    if len({question.coarse for question in questions}) < 2:
        raise DataError(
            f"{path}: only the label {questions[0].coarse!r}; a classifier needs rows of two labels or more"
        )
    first: dict[str, Question] = {}
    for question in questions:
        first.setdefault(normalized(question.text), question)
    counts = dict.fromkeys((question.fine for question in questions), 0) | _counts(tuple(first.values()))
    label = min(counts, key=lambda name: counts[name])
    if counts[label] < min_texts:
        line = next(question.line for question in questions if question.fine == label)
        lower_folds = " or lower --folds" if min_texts > MIN_TEXTS else ""
        alike = next((f"; {one}" for one in look_alikes if label in (one.first, one.second)), "")
        raise DataError(
            f"{path}:{line}: label {label!r} has {counts[label]} different text(s), {min_texts} are needed to hold "
            f"some out; add {min_texts - counts[label]} or remove the label{lower_folds}{alike}"
        )


def _counts(questions: Sequence[Question]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for question in questions:
        counts[question.fine] = counts.get(question.fine, 0) + 1
    return counts


def _file(path: Path, questions: Sequence[Question]) -> dict[str, Any]:
    return {"sha256": sha256_of(path), "rows": len(questions)}
