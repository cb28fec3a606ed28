"""How a row is written as text: a form is a format of the output."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from questiontopic.label.names import Names
from questiontopic.label.row import Row
from questiontopic.topics import Topics


@dataclass(frozen=True, slots=True)
class Own:
    """What a row has of its own: the bytes before those of its labels, and the bytes after them."""

    before: bytes
    after: bytes

    def is_in(self, record: bytes) -> bool:
        """Whether record is this row with some labels."""
        return (
            len(record) >= len(self.before) + len(self.after)
            and record.startswith(self.before)
            and record.endswith(self.after)
        )

    def may_begin_with(self, torn: bytes) -> bool:
        """Whether torn can be the beginning of this row with some labels."""
        return torn.startswith(self.before) or self.before.startswith(torn)


class Form(Protocol):
    """Writes rows, and finds them again in what was written."""

    def header(self) -> bytes:
        """What stands before the first row."""

    def row(self, row: Row, topics: Topics) -> bytes:
        """The whole row."""

    def own(self, row: Row) -> Own:
        """What the whole row has of the input."""

    def records(self, stream: BinaryIO) -> Iterator[tuple[bytes, bool]]:
        """The rows that were written, and whether each is whole. Only the last one can be cut."""

    def error(self, record: bytes) -> str:
        """The error in a whole row that was written. Raises ValueError if the labels are not those of this form."""


def flat(value: object) -> str:
    """The value of a cell where a cell is text: nothing is the empty text, and what JSON has is JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    is_json = isinstance(value, bool | int | float | list | dict)
    return json.dumps(value, ensure_ascii=False, default=str) if is_json else str(value)


def reason_of(row: Row, topics: Topics) -> str:
    """Why the row has no topics; empty if it has."""
    return " ".join((row.error or topics.error).split())


def label_cells(names: Names, row: Row, topics: Topics) -> Sequence[str | float | None]:
    """The values of the added columns; None for those that a row does not have."""
    return [*names.values(topics), reason_of(row, topics) or None]
