"""Reads files of labelled questions: `.csv` and `.jsonl` with named fields, `.label` with the label before each text.

A file is read row by row. Every error names the file, the line where the row begins, the reason and the fix. A row with
one label gets it as its coarse and as its fine label; `own_labels` and `trec` split labels into levels.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from .questions import DataError, Question

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")  # A bundle's manifest refuses them in labels.
_WANTED = "name them text and label, or text, coarse and fine"
_Row = TypeVar("_Row")


def read_questions(path: Path) -> Iterator[Question]:
    """The questions of a UTF-8 file of one of the three kinds; raises DataError, also during the iteration."""
    readers = {".csv": _read_csv, ".jsonl": _read_json_lines, ".label": read_label_lines}
    if (kind := path.suffix.lower()) not in readers:
        raise DataError(f"{path}: a file of questions must end in {', '.join(readers)}")
    return readers[kind](path)


def read_label_lines(path: Path, encoding: str = "UTF-8") -> Iterator[Question]:
    """The questions of a file with one `LABEL text` per line."""
    for number, line in _lines(path, encoding):
        if line.strip():
            label, text = (*line.split(maxsplit=1), "")[:2]
            try:
                yield _question({"text": text, "label": label}, ("text", "label"), number)
            except ValueError as error:
                raise DataError(f"{path}:{number}: {error}") from None


def _read_csv(path: Path) -> Iterator[Question]:
    return read_csv(path, lambda header: _columns(header, "columns"), _question)


def read_csv(
    path: Path,
    columns_of: Callable[[Sequence[str]], Sequence[str]],
    make: Callable[[Mapping[str, object], Sequence[str], int], _Row],
) -> Iterator[_Row]:
    """What `make` makes of each row, of the columns that `columns_of` finds in the header, and of the row's line.

    Raises DataError, also for a ValueError of these functions.
    """
    lines = (line for _, line in _lines(path))
    reader = csv.reader(lines, strict=True)
    header: list[str] = []
    columns: Sequence[str] = ()
    while True:
        first = reader.line_num + 1  # `line_num` counts lines, and a quoted field may contain line breaks.
        try:
            row = next(reader, None)
            if row is None:
                break
            if not header:
                header = [name.strip() for name in row]
                columns = columns_of(header)
            elif row:
                if len(row) != len(header):
                    raise ValueError(
                        f"{len(row)} fields where the header has {len(header)}; put texts with commas into quotes"
                    )
                yield make(dict(zip(header, row, strict=True)), columns, first)
        except csv.Error as error:
            raise DataError(f"{path}:{first}: {error}; check the quotation marks of this row") from None
        except ValueError as error:
            raise DataError(f"{path}:{first}: {error}") from None


def _read_json_lines(path: Path) -> Iterator[Question]:
    columns: Sequence[str] = ()
    for number, line in _lines(path):
        if not line.strip():
            continue
        try:
            values = _json_object(line)
            columns = columns or _columns(list(values), "keys")
            yield _question(values, columns, number)
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


def _lines(path: Path, encoding: str = "UTF-8") -> Iterator[tuple[int, str]]:
    """The decoded lines with their numbers; only a line feed ends a line."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    yield number, line.removeprefix(codecs.BOM_UTF8 if number == 1 else b"").decode(encoding)
                except UnicodeDecodeError:
                    raise DataError(f"{path}:{number}: not {encoding}; save the file as {encoding}") from None
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from None


def _columns(found: Sequence[str], what: str) -> Sequence[str]:
    names = f"{what} {', '.join(map(repr, found))}"
    if len(set(found)) != len(found):
        raise ValueError(f"{names}: one name occurs twice; give each a name of its own")
    levels = [level for level in (("label",), ("coarse", "fine")) if {*level} <= {*found}]
    if "text" not in found or not levels:
        raise ValueError(f"{names} are not enough; {_WANTED}")
    if len(levels) > 1:
        raise ValueError(f"{names}: both label and coarse, fine are there; remove one or the other")
    return ("text", *levels[0])


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
