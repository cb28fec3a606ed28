"""Writes CSV and TSV."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from questiontopic.label.form import Own, flat, label_cells
from questiontopic.label.names import Names, four_digits
from questiontopic.label.row import Row
from questiontopic.topics import Topics

_BOM = b"\xef\xbb\xbf"


class DelimitedForm:
    """A header row, then a row of fields for each row. What fits no column stands after the added columns.

    So a reader that goes by the header finds each value in its column.
    """

    def __init__(self, columns: Sequence[str], names: Names, delimiter: str, *, bom: bool) -> None:
        self._columns, self._names, self._delimiter, self._bom = columns, names, delimiter, bom
        self._buffer = io.StringIO()
        # With this end of line the writer also quotes a field with a single \r.
        self._writer = csv.writer(self._buffer, delimiter=delimiter, lineterminator="\r\n")

    def header(self) -> bytes:
        """The names of all columns."""
        return (_BOM if self._bom else b"") + self._line([*self._columns, *self._names.all]) + b"\n"

    def row(self, row: Row, topics: Topics) -> bytes:
        """All fields."""
        added = ["" if cell is None else four_digits(cell) for cell in label_cells(self._names, row, topics)]
        return self._line([*map(flat, row.cells), *added, *map(flat, row.extra)]) + b"\n"

    def own(self, row: Row) -> Own:
        """The fields before the added ones, and those after them."""
        # A field more shows how the others are written beside it.
        before = self._line([*map(flat, row.cells), "x"])[:-1]
        return Own(before, (self._line(["x", *map(flat, row.extra)])[1:] if row.extra else b"") + b"\n")

    def records(self, stream: BinaryIO) -> Iterator[tuple[bytes, bool]]:
        """The rows. Inside a quoted field the number of quotes so far is odd."""
        lines: list[bytes] = []
        quotes = 0
        for line in stream:
            lines.append(line)
            quotes += line.count(b'"')
            if quotes % 2 == 0:
                yield b"".join(lines), line.endswith(b"\n")
                lines.clear()
                quotes = 0
        if lines:
            yield b"".join(lines), False

    def error(self, record: bytes) -> str:
        """The last of the added fields."""
        fields = next(csv.reader([record.decode(errors="surrogateescape")], delimiter=self._delimiter))
        index = len(self._columns) + len(self._names.labels)
        if index >= len(fields):
            raise ValueError(f"it has {len(fields)} fields")
        return fields[index]

    def _line(self, fields: Sequence[str]) -> bytes:
        self._buffer.seek(0)
        self._buffer.truncate()
        self._writer.writerow(fields)
        return self._buffer.getvalue()[:-2].encode(errors="surrogateescape")
