"""Reads files of labelled questions: `.csv`, `.tsv` and `.jsonl` with named fields, `.label` with the label first.

A file is read row by row. Every error names the file, the line where the row begins, the reason and the fix. A row with
one label gets it as its coarse and as its fine label; `own_labels` and `trec` split labels into levels.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .columns import Columns
from .lines import read_lines
from .questions import DataError, Question
from .table import read_table

USUAL = Columns()
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")  # A bundle's manifest refuses them in labels.
_SEPARATED = "names need commas, semicolons or tabs between them"


def read_questions(path: Path, columns: Columns = USUAL) -> Iterator[Question]:
    """The questions of a UTF-8 file of one of these kinds; raises DataError, also during the iteration."""
    kind = path.suffix.lower()
    if kind in (".csv", ".tsv"):
        return _read_table(path, columns)
    if columns.delimiter:
        raise DataError(f"{path}: only .csv and .tsv files have a delimiter; leave out --delimiter")
    if kind == ".jsonl":
        return _read_json_lines(path, columns)
    if kind == ".label":
        return read_label_lines(path)
    raise DataError(f"{path}: a file of questions must end in .csv, .tsv, .jsonl, .label")


def read_label_lines(path: Path, encoding: str = "UTF-8") -> Iterator[Question]:
    """The questions of a file with one `LABEL text` per line."""
    for number, line in read_lines(path, encoding):
        if line.strip():
            label, text = (*line.split(maxsplit=1), "")[:2]
            try:
                yield _question({"text": text, "label": label}, ("text", "label"), number)
            except ValueError as error:
                raise DataError(f"{path}:{number}: {error}") from None


def _read_table(path: Path, columns: Columns) -> Iterator[Question]:
    header: list[str] = []
    chosen: Sequence[str] = ()
    for line, row in read_table(path, columns.known, columns.delimiter):
        try:
            if chosen:
                yield _question(dict(zip(header, row, strict=True)), chosen, line)
            else:
                header, chosen = row, _chosen(row, columns, "columns", f"{columns.wanted}; {_SEPARATED}")
        except ValueError as error:
            raise DataError(f"{path}:{line}: {error}") from None


def _read_json_lines(path: Path, columns: Columns) -> Iterator[Question]:
    chosen: Sequence[str] = ()
    for number, line in read_lines(path):
        if not line.strip():
            continue
        try:
            values = _json_object(line)
            chosen = chosen or _chosen(list(values), columns, "keys", columns.wanted)
            yield _question(values, chosen, number)
        except ValueError as error:
            raise DataError(f"{path}:{number}: {error}") from None


def _json_object(line: str) -> dict[str, object]:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON ({getattr(error, 'msg', error)}); write one object a line") from None
    if not isinstance(values, dict):
        raise ValueError('not a JSON object; write {"text": "...", "label": "..."}')
    return values


def _chosen(found: Sequence[str], columns: Columns, what: str, fix: str) -> Sequence[str]:
    names = f"{what} {', '.join(map(repr, found))}"
    named = [name for name in found if name]
    if len(set(named)) != len(named):
        raise ValueError(f"{names}: one name occurs twice; give each a name of its own")
    levels = [level for level in columns.levels if {*level} <= {*found}]
    if columns.text not in found or not levels:
        raise ValueError(f"{names} are not enough; {fix}")
    if len(levels) > 1:
        raise ValueError(f"{names}: both label and coarse, fine are there; name one by --label-column")
    return (columns.text, *levels[0])


def _question(values: Mapping[str, object], columns: Sequence[str], line: int) -> Question:
    text, *labels = (text_field(values, name) for name in columns)
    for label in labels:
        if CONTROL.search(label):
            raise ValueError(f"control character in the label {label!r}; remove it")
    if len(labels) == 1:
        return Question(text, sys.intern(labels[0]), sys.intern(labels[0]), line)
    coarse, fine = labels
    if ":" in coarse:
        raise ValueError(f"colon in the coarse label {coarse!r}; it separates coarse from fine, so use another sign")
    fine = fine if fine.startswith(f"{coarse}:") else f"{coarse}:{fine}"
    return Question(text, sys.intern(coarse), sys.intern(fine), line)


def text_field(values: Mapping[str, object], name: str) -> str:
    """The field's text without blanks around it; raises ValueError if it is missing, empty or no text."""
    if name not in values:
        raise ValueError(f"no {name}; found {', '.join(map(repr, values)) or 'nothing'}")
    value = values[name]
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a string, is {value!r}; put it into quotes")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name} holds half of a surrogate pair; remove it") from None
    if not value.strip():
        raise ValueError(f"empty {name}; fill it in or remove the row")
    return value.strip()
