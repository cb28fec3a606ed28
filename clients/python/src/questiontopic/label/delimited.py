"""Reads CSV, TSV and their relatives: a header row, then a row of fields for each row of the table."""

import csv
from collections.abc import Iterator, Sequence
from typing import TextIO

from questiontopic.command.failure import Failure
from questiontopic.label.row import Row, Table, text_index
from questiontopic.label.source import MAX_LINE, Source, is_utf_8, read_line

_DELIMITERS = ",;\t|"


def read_delimited(source: Source, text_column: str | None, delimiter: str | None, usual: str) -> Table:
    r"""The table of the source. Lines end with \n, \r\n or \r, and a quoted field can have several.

    delimiter: None chooses the one whose header row has the text column; usual is preferred. Raises Failure if there
    is no such column.
    """
    csv.field_size_limit(MAX_LINE)
    stream, bom = source.text(newline="")
    lines = _Lines(stream)
    delimiter, columns = _header(lines, text_column, [delimiter] if delimiter else [usual, *_DELIMITERS])
    rows = _rows(source, lines, columns, text_index(columns, text_column), delimiter)
    return Table(columns, rows, delimiter=delimiter, bom=bom)


class _Lines(Iterator[str]):
    """The lines of a stream. It knows about those since `begin`, which can be read again."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._again: list[str] = []
        self._read: list[str] = []
        self.number = 0
        self.at_end = False
        self.valid = True

    def begin(self) -> None:
        """Forgets the lines so far."""
        self._read.clear()
        self.valid = True

    def rewind(self) -> None:
        """Goes back to the line after `begin`."""
        self._again += reversed(self._read)
        self.number -= len(self._read)
        self.at_end = False
        self.begin()

    def __next__(self) -> str:
        line = self._again.pop() if self._again else read_line(self._stream, self.number + 1)
        if not line:
            self.at_end = True
            raise StopIteration
        self.number += 1
        self.valid = self.valid and is_utf_8(line)
        self._read.append(line)
        return line


def _header(lines: _Lines, text_column: str | None, delimiters: Sequence[str]) -> tuple[str, list[str]]:
    found: list[tuple[int, str, list[str]]] = []
    failure: LookupError | None = None
    for delimiter in delimiters:
        columns = _first_record(lines, delimiter)
        lines.rewind()
        try:
            text_index(columns, text_column)
        except LookupError as error:
            failure = failure or error
        else:
            found.append((len(columns), delimiter, columns))
    if not found:
        raise Failure(str(failure))
    _, delimiter, columns = max(found, key=lambda one: one[0])  # The first of those with the most columns.
    _first_record(lines, delimiter)
    if not lines.valid:
        raise Failure("the header row: not valid UTF-8; convert the file first, for example with iconv -t UTF-8")
    return delimiter, columns


def _first_record(lines: _Lines, delimiter: str) -> list[str]:
    try:
        return next(filter(None, csv.reader(lines, delimiter=delimiter)), [])
    except csv.Error:  # A field is too large, because this is not the delimiter.
        return []


def _rows(source: Source, lines: _Lines, columns: Sequence[str], index: int, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(lines, delimiter=delimiter)
    number, width = 1, len(columns)
    while True:
        lines.begin()
        first = lines.number + 1
        try:
            fields = next(reader, None)
        except csv.Error as error:
            raise Failure(f"row {number}, which begins in line {first}: {error}; is a quote not closed?") from None
        if fields is None:
            return
        if not fields:
            continue  # a blank line
        row = Row(number, "", fields, source.count)
        if len(fields) != width:
            row.cells, row.extra = [*fields[:width], *[""] * (width - len(fields))], fields[width:]
            if len(fields) < width or any(row.extra):
                row.error = f"the header has {width} fields, but the row has {len(fields)}"
        if lines.at_end:  # The reader asked for a line after the last one.
            row.error = f"a quote is not closed in the row that begins in line {first}"
        elif not lines.valid:
            row.error = "not valid UTF-8"
        row.text = "" if row.error else fields[index]
        yield row
        number += 1
