"""Reads a `.csv` or `.tsv` file row by row.

A comma, a semicolon or a tab separates the fields: the one that makes known names appear in the header. Any other
sign must be named. A line `sep=;`
before the header, which is for Excel, is left out. Excel keeps emptied columns at the right end; those without a name
are left out if their fields are empty.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import chain, islice
from pathlib import Path

from .lines import read_lines
from .questions import DataError

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_MAX_FIELD = 131_072  # Characters. It is Python's default, but other code of the process may have changed that.
_FOR_EXCEL = re.compile(r'"?sep=[^"\r\n]"?[\r\n]*', re.IGNORECASE)


def read_table(path: Path, known: Set[str], delimiter: str | None = None) -> Iterator[tuple[int, list[str]]]:
    """The header, then the rows with as many fields, each with the line where it begins; raises DataError.

    Blank lines after the header are left out.
    """
    csv.field_size_limit(_MAX_FIELD)
    lines: Iterator[str] = (line for _, line in read_lines(path))
    start = list(islice(lines, 1))
    left_out = [line for line in start if _FOR_EXCEL.fullmatch(line)]
    lines = lines if left_out else chain(start, lines)
    separator, lines = (delimiter, lines) if delimiter else _separator(lines, known)
    header: list[str] = []
    width = 0
    for line, row in _rows(path, lines, separator, len(left_out) + 1):
        if not width:
            width = len(row)
            header = _without_empty_end([name.strip() for name in row])
            yield line, header
        elif row:
            try:
                yield line, _fields(row, len(header), width, separator)
            except ValueError as error:
                raise DataError(f"{path}:{line}: {error}") from None


def _separator(lines: Iterator[str], known: Set[str]) -> tuple[str, Iterator[str]]:
    """The separator of a table, and its lines again."""
    seen: list[str] = []

    def remembered() -> Iterator[str]:
        for line in lines:
            seen.append(line)
            yield line

    def fit(separator: str) -> tuple[int, int]:
        try:
            again = chain(tuple(seen), remembered())
            header = next(csv.reader(again, delimiter=separator, strict=True), [])
        except csv.Error:
            return -1, 0
        return len(known & {name.strip() for name in header}), len(header)

    return max(_SEPARATORS, key=fit), chain(seen, lines)


def _rows(path: Path, lines: Iterable[str], separator: str, start: int) -> Iterator[tuple[int, list[str]]]:
    """The rows with the lines where they begin; `start` is the number of the first of `lines`."""
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        line = start + reader.line_num  # It counts lines, and a quoted field may contain line breaks.
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(f"{path}:{line}: {error}; check the quotation marks of this row") from None


def _fields(row: Sequence[str], names: int, width: int, separator: str) -> list[str]:
    """The fields below the first `names` names of a header of `width` columns."""
    quote = f"put texts with {_SEPARATORS.get(separator, separator)} into quotes"
    filled = _without_empty_end(row)
    if len(row) < names or len(filled) > width:
        raise ValueError(f"{len(row)} fields where the header has {width}; {quote}")
    if (number := len(filled)) > names:
        raise ValueError(f"column {number} has no name in the header, but holds {filled[-1]!r}; name it, or {quote}")
    return list(row[:names])


def _without_empty_end(fields: Sequence[str]) -> list[str]:
    filled = [number for number, field in enumerate(fields, start=1) if field.strip()]
    return list(fields[: max(filled, default=0)])
