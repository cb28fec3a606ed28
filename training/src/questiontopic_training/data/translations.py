"""Reads the same questions in several languages: a question asks for the same topic in each of them.

The English texts are labelled by the teacher; the translations teach the student other languages than English.
Two collections are published ones. They are not downloaded, because each has its own source and its own licence. Two
others, everyday questions and questions about facts, are our own and lie beside this module.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .questions import DataError
from .unlabelled import Collection

XQUAD = Collection(
    "xquad.tsv",
    "google-deepmind/xquad (Artetxe et al. 2020, arXiv:1910.11856)",
    "CC BY-SA 4.0",
)
TATOEBA = Collection(
    "tatoeba.tsv",
    "facebookresearch/LASER, data/tatoeba/v1 (Artetxe and Schwenk 2019)",
    "CC BY 2.0 FR",
)
OWN = tuple(Collection(name, "this project", "Apache-2.0") for name in ("everyday.tsv", "facts.tsv"))
_ENGLISH = "en"


@dataclass(frozen=True)
class Translation:
    """A question in another language, its English text, the language's tag, and the file that it comes from."""

    english: str
    language: str
    text: str
    source: str


@dataclass(frozen=True)
class Translations:
    """All translations, a description for the manifest, and a warning for each published file that is missing."""

    rows: tuple[Translation, ...]
    description: dict[str, Any]
    warnings: tuple[str, ...]


NO_TRANSLATIONS = Translations((), {}, ())


def read_translations(folder: Path) -> Translations:
    """Reads the published files in `folder`, and our own; raises DataError.

    `tatoeba.tsv` has the columns language, en and translation; the others have a column for each language.
    """
    rows: list[Translation] = []
    described: dict[str, Any] = {}
    warnings = []
    here = Path(__file__).parent
    for collection, place in ((XQUAD, folder), (TATOEBA, folder), *((own, here) for own in OWN)):
        path = place / collection.name
        if not path.is_file():
            described[collection.name] = collection.missing()
            warnings.append(f"{path}: missing; the model will be less accurate in other languages than English")
            continue
        found = _read(path)
        described[collection.name] = collection.used(path, len(found))
        rows += found
    return Translations(tuple(rows), {"translations": described}, tuple(warnings))


def _read(path: Path) -> list[Translation]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 at byte {error.start}") from None
    header, *rows = csv.reader(lines or [""], delimiter="\t", quoting=csv.QUOTE_NONE)
    needed = (_ENGLISH, "language") if "translation" in header else (_ENGLISH,)
    for column in needed:
        if column not in header:
            raise DataError(f"{path}:1: no column {column!r}, only {', '.join(map(repr, header))}; add the column")
    found = []
    for line, fields in enumerate(rows, start=2):
        if len(fields) != len(header):
            raise DataError(f"{path}:{line}: {len(fields)} fields, the header has {len(header)}")
        row = dict(zip(header, fields, strict=True))
        english = row.pop(_ENGLISH)
        texts = {row["language"]: row["translation"]} if "translation" in row else row
        found += [Translation(english, language, text, path.name) for language, text in texts.items()]
    return found
