"""Reads texts of your own that have no labels: one a line, or the column of texts of a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from questiontopic_model.bundle.bundle import sha256_of
from questiontopic_model.preparation import PREPARATIONS

from .columns import Columns
from .duplicates import normalized
from .files import USUAL
from .lines import read_lines
from .questions import DataError, Question
from .table import read_table
from .unlabelled import Unlabelled


def read_own_texts(
    path: Path,
    labelled: Iterable[Question],
    option: str,
    columns: Columns = USUAL,
    preparation: str = "raw",
) -> Unlabelled:
    """The different texts of a `.csv` or `.tsv` table with a column of texts, or else the lines of a file.

    Those that are also among the `labelled` questions (to train on or to test) are left out, so that nothing is learned
    from test questions. `preparation` is applied to the others. Raises DataError; `option` is the one that names the
    file.
    """
    kind = path.suffix.lower()
    if kind in (".jsonl", ".label"):
        raise DataError(f"{path}: {option} takes no {kind} file; write one text a line into a .txt file")
    table = kind in (".csv", ".tsv")
    known = {normalized(question.text) for question in labelled}
    texts = {normalized(text): text for text in (_column(path, columns) if table else _lines(path)) if text}
    if not texts:
        raise DataError(f"{path}: holds no text; name a file with texts by {option}, or leave the option out")
    found = tuple(PREPARATIONS[preparation](text) for key, text in texts.items() if key not in known)
    about = {"sha256": sha256_of(path), "rows": len(found), "used": bool(found)}
    left_out = len(texts) - len(found)
    warnings = (f"{path}: {left_out} texts are labelled or test texts too, and are left out",) if left_out else ()
    return Unlabelled(found, {"unlabelled": {path.name: about}}, warnings)


def _lines(path: Path) -> Iterator[str]:
    return (line.strip() for _, line in read_lines(path))


def _column(path: Path, columns: Columns) -> Iterator[str]:
    rows = read_table(path, {columns.text}, columns.delimiter)
    line, header = next(rows, (1, []))
    if columns.text not in header:
        raise DataError(
            f"{path}:{line}: no column {columns.text!r}, only {', '.join(map(repr, header))}; name the column of the "
            "texts by --text-column, or write one text a line into a .txt file"
        )
    at = header.index(columns.text)
    return (row[at].strip() for _, row in rows)
