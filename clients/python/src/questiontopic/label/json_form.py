"""Writes JSON lines."""

import json
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from questiontopic.command.output import json_string
from questiontopic.label.form import Own, label_cells
from questiontopic.label.names import Names, four_digits
from questiontopic.label.row import Row
from questiontopic.topics import Topics


class JsonForm:
    """A JSON object on each line. An object of the input stays as it is, with members added at its end."""

    def __init__(self, columns: Sequence[str], names: Names) -> None:
        self._keys = [json_string(column) for column in columns]
        self._names = names

    def header(self) -> bytes:
        """Nothing."""
        return b""

    def row(self, row: Row, topics: Topics) -> bytes:
        """The object with the added members."""
        cells = zip(self._names.all, label_cells(self._names, row, topics), strict=True)
        added = ",".join(f"{json_string(name)}:{_label(cell)}" for name, cell in cells)
        own = self.own(row)
        return b"".join((own.before, added.encode(), own.after))

    def own(self, row: Row) -> Own:
        """The object up to its closing brace, and what closes it."""
        if row.raw:
            members = row.raw[:-1].rstrip()
        else:
            members = "{" + ",".join(f"{key}:{_json(cell)}" for key, cell in zip(self._keys, row.cells, strict=True))
        before = members if members == "{" else members + ","
        after = f",{json_string(self._names.extra)}:{_json(row.extra)}" if row.extra and not row.raw else ""
        return Own(before.encode(), f"{after}}}\n".encode())

    def records(self, stream: BinaryIO) -> Iterator[tuple[bytes, bool]]:
        """The lines."""
        return ((line, line.endswith(b"\n")) for line in stream)

    def error(self, record: bytes) -> str:
        """The member with the error."""
        members = json.loads(record)
        if missing := [name for name in self._names.all if name not in members]:
            raise ValueError(f"it has no member {missing[0]!r}")
        return members[self._names.error] or ""


def _label(cell: str | float | None) -> str:
    if cell is None:
        return "null"
    return json_string(cell) if isinstance(cell, str) else four_digits(cell)


def _json(value: object) -> str:
    try:
        text = _dumped(value)
    except ValueError:  # Parquet has NaN and infinity; JSON has not.
        text = _dumped(json.loads(json.dumps(value, default=str), parse_constant=lambda _: None))
    # Bytes that are not UTF-8 have no place in JSON.
    return text if text.isascii() else text.encode(errors="surrogateescape").decode(errors="replace")


def _dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str, allow_nan=False)
