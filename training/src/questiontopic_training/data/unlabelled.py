"""Reads up to three published collections of questions without labels; teacher models label them.

Nothing is downloaded, because each collection has its own source and its own licence.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from questiontopic_model.bundle.bundle import sha256_of

from .questions import DataError


@dataclass(frozen=True)
class Collection:
    """A published UTF-8 file; `sha256` begins the SHA-256 of the file that we trained with, if it is checked."""

    name: str
    source: str
    licence: str
    sha256: str = ""

    def missing(self) -> dict[str, Any]:
        """What the manifest says of the file if it was not there."""
        return {"source": self.source, "licence": self.licence, "used": False}

    def used(self, path: Path, rows: int) -> dict[str, Any]:
        """What the manifest says of the file, of which so many rows were used."""
        return self.missing() | {"used": True, "sha256": sha256_of(path), "rows": rows}


COLLECTIONS = (
    Collection(
        "nq_open.txt",
        "NQ-open dev, EfficientQA dev and test (google-research-datasets/natural-questions, folder nq_open)",
        "CC BY-SA 3.0",
        "5b55336d506ab487",
    ),
    Collection(
        "webquestions.txt",
        "WebQuestions, by way of brmson/dataset-factoid-webquestions (main/)",
        "CC BY 4.0",
        "2ffea75ff7069ee9",
    ),
    Collection(
        "opentriviaqa.txt",
        'uberspot/OpenTriviaQA (categories/, the lines after #Q that end in "?")',
        "CC BY-SA 4.0",
        "44ee6dec7ef9ac49",
    ),
)


@dataclass(frozen=True)
class Unlabelled:
    """All questions, a description for the manifest, and a warning for each collection that is missing or changed."""

    questions: tuple[str, ...]
    description: dict[str, Any]
    warnings: tuple[str, ...]


NO_QUESTIONS = Unlabelled((), {}, ())  # For recipes that learn from labelled questions only.


def read_unlabelled(folder: Path) -> Unlabelled:
    """Reads the collections in `folder`; a missing one is left out, with a warning. Raises DataError."""
    questions: list[str] = []
    files: dict[str, Any] = {}
    warnings = []
    for collection in COLLECTIONS:
        path = folder / collection.name
        if not path.is_file():
            files[collection.name] = collection.missing()
            warnings.append(
                f"{path}: missing; training goes on without these questions, and the model will be less accurate"
            )
            continue
        try:
            lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
        except UnicodeDecodeError as error:
            raise DataError(f"{path}: not UTF-8 at byte {error.start}") from None
        except OSError as error:
            raise DataError(f"{path}: {error.strerror or error}") from None
        found = [line for line in lines if line]
        used = collection.used(path, len(found))
        published = used["sha256"].startswith(collection.sha256)
        if not published:
            warnings.append(f"{path}: not the file that the stated figures were made with")
        files[collection.name] = used | {"published": published}
        questions += found
    return Unlabelled(tuple(questions), {"unlabelled": files}, tuple(warnings))
