"""Reads the TREC question files (Li and Roth, 2002) and warns if a file is not the published one.

The module `download` downloads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from questiontopic_model.bundle.bundle import sha256_of

from .descriptions import read_descriptions
from .files import read_label_lines
from .questions import DataError, Question, QuestionSet

HOME = "https://cogcomp.seas.upenn.edu/Data/QA/QC/"
_ABOUT = {
    "name": "TREC question classification",
    "home": HOME,
    "citation": "Xin Li and Dan Roth: Learning Question Classifiers. COLING 2002.",
    "licence": "none stated by its publishers; its rows are not part of this bundle",
}


@dataclass(frozen=True)
class DataFile:
    """A published file: its name, its encoding and the SHA-256 of its bytes."""

    name: str
    encoding: str
    sha256: str


TRAINING = DataFile("train_5500.label", "latin-1", "9e4c8bdcaffb96ed61041bd64b564183d52793a8e91d84fc3a8646885f466ec3")
TEST = DataFile("TREC_10.label", "ascii", "033f22c028c2bbba9ca682f68ffe204dc1aa6e1cf35dd6207f2d4ca67f0d0e8e")
# What the labels mean, after the definitions of Li and Roth.
LABELS = Path(__file__).with_name("trec_labels.csv")


def read_trec(folder: Path) -> QuestionSet:
    """Reads both files in `folder`, with a warning for each that is not the published one; raises DataError."""
    questions, files, warnings = [], {}, []
    for file in (TRAINING, TEST):
        path = folder / file.name
        rows = _read(path, file.encoding)
        digest = sha256_of(path)
        if digest != file.sha256:
            warnings.append(f"{path}: not the published file, so the figures cannot be compared with published figures")
        files[file.name] = {"sha256": digest, "rows": len(rows), "published": digest == file.sha256}
        questions.append(rows)
    description = {**_ABOUT, "files": files}
    return QuestionSet(questions[0], questions[1], description, tuple(warnings), read_descriptions(LABELS))


def _read(path: Path, encoding: str) -> tuple[Question, ...]:
    questions = []
    for question in read_label_lines(path, encoding):
        if not (narrowed := question.narrowed()):
            raise DataError(f"{path}:{question.line}: must begin with COARSE:fine, found {question.fine!r}")
        questions.append(narrowed)
    if not questions:
        raise DataError(f"{path}: holds no question")
    return tuple(questions)
