"""A row of the input, and the table that it belongs to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Row:
    """One row, with all that it has."""

    number: int
    """From 1. Header rows and blank lines are not counted."""
    text: str
    """What is asked."""
    cells: Sequence[object]
    """One for each column of the table."""
    position: int
    """The bytes of the input that were read up to this row."""
    error: str = ""
    """Why the row cannot be asked, if the reader knows a reason."""
    extra: Sequence[object] = ()
    """What fits no column."""
    raw: str = ""
    """The row's own JSON object as it stands in the input; empty in other formats."""


@dataclass(frozen=True)
class Table:
    """The columns of the input and its rows, of which one is read at a time."""

    columns: Sequence[str]
    rows: Iterator[Row]
    delimiter: str = ","
    bom: bool = False
    """Whether the input begins with a byte order mark."""
    schema: Any = None
    """The pyarrow.Schema, if the input is Parquet."""


def text_index(columns: Sequence[str], wanted: str | None) -> int:
    """The index of the column with the texts: the wanted one, or `text` or `question`, whichever is there.

    Raises LookupError if there is no such column, or more than one.
    """
    found = [index for index, name in enumerate(columns) if name in ((wanted,) if wanted else ("text", "question"))]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(map(repr, columns)) or "none"
    if found:
        raise LookupError(f"more than one column is named {' or '.join(sorted({columns[i] for i in found}))}: {listed}")
    if wanted:
        raise LookupError(f"--text-column: no column is named {wanted!r}; the columns are: {listed}")
    raise LookupError(f"name the column of the texts with --text-column; the columns are: {listed}")
