"""The TREC question files (Li and Roth, 2002): reads them, and says which are not the published ones.

It downloads nothing; `download` does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from questiontopic_server.model.bundle import sha256_of

HOME = "https://cogcomp.seas.upenn.edu/Data/QA/QC/"
_ABOUT = {
    "name": "TREC question classification",
    "home": HOME,
    "citation": "Xin Li and Dan Roth: Learning Question Classifiers. COLING 2002.",
    "licence": "none stated by its publishers; its rows are not part of this bundle",
}


class DataError(Exception):
    """The data cannot be used; the message is one line that names the file and what to do."""


@dataclass(frozen=True)
class Question:
    """A question and its labels, for example `LOC` and `LOC:city`."""

    text: str
    coarse: str
    fine: str


@dataclass(frozen=True)
class DataFile:
    """A published file: how it is encoded and the SHA-256 of its bytes."""

    name: str
    encoding: str
    sha256: str


TRAINING = DataFile("train_5500.label", "latin-1", "9e4c8bdcaffb96ed61041bd64b564183d52793a8e91d84fc3a8646885f466ec3")
TEST = DataFile("TREC_10.label", "ascii", "033f22c028c2bbba9ca682f68ffe204dc1aa6e1cf35dd6207f2d4ca67f0d0e8e")


@dataclass(frozen=True)
class Trec:
    """Both files' questions, their description for the manifest, and a warning for each that was not published so."""

    training: tuple[Question, ...]
    test: tuple[Question, ...]
    description: dict[str, Any]
    warnings: tuple[str, ...]

    def beside(self, description: dict[str, Any]) -> Trec:
        """The same questions, with more to tell about the data."""
        return replace(self, description={**self.description, **description})


def read_trec(folder: Path) -> Trec:
    """Reads both files in `folder`; raises DataError."""
    questions, files, warnings = [], {}, []
    for file in (TRAINING, TEST):
        path = folder / file.name
        rows = read_questions(path, file.encoding)
        digest = sha256_of(path)
        if digest != file.sha256:
            warnings.append(f"{path}: not the published file, so figures cannot be compared with published ones")
        files[file.name] = {"sha256": digest, "rows": len(rows), "published": digest == file.sha256}
        questions.append(rows)
    return Trec(questions[0], questions[1], {**_ABOUT, "files": files}, tuple(warnings))


def read_questions(path: Path, encoding: str) -> tuple[Question, ...]:
    """The questions of a file with one `COARSE:fine text` a line; raises DataError, which names the line and why."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from None
    questions = []
    for number, line in enumerate(lines, start=1):
        try:
            if text := line.decode(encoding).strip():
                questions.append(_question(text))
        except ValueError as error:  # UnicodeDecodeError is one.
            reason = f"not {encoding}" if isinstance(error, UnicodeDecodeError) else error
            raise DataError(f"{path}:{number}: {reason}") from None
    if not questions:
        raise DataError(f"{path}: holds no question")
    return tuple(questions)


def _question(line: str) -> Question:
    label, _, text = line.partition(" ")
    coarse, colon, narrow = label.partition(":")
    if not (coarse and colon and narrow):
        raise ValueError(f"must begin with COARSE:fine, found {label!r}")
    if not text.strip():
        raise ValueError("no question after the label")
    return Question(text.strip(), coarse, label)
