"""Reads and writes Parquet, with pyarrow, which is an extra of the package."""

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, overload

from questiontopic.command.failure import Failure
from questiontopic.label.form import flat, label_cells, reason_of
from questiontopic.label.names import Names, is_number
from questiontopic.label.row import Row, Table, text_index
from questiontopic.topics import Topics

_ROWS_READ = 1024
# Rows are kept until a row group is full, so this bounds memory.
_ROW_GROUP = 32 * 1024
_BUFFER = 256 * 1024


def pyarrow() -> Any:
    """The module pyarrow. Raises Failure if it is not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise Failure("Parquet needs pyarrow: pip install 'questiontopic[parquet]'") from None
    # Its own pool keeps what was freed: 30 MB more.
    pyarrow.set_memory_pool(pyarrow.system_memory_pool())
    return pyarrow


class _Cells(Sequence[object]):
    """The cells of a row in a pyarrow.RecordBatch. They become Python values when they are asked for."""

    __slots__ = ("at", "batch")

    def __init__(self, batch: Any, index: int) -> None:
        self.batch, self.at = batch, index

    @overload
    def __getitem__(self, column: int) -> object: ...

    @overload
    def __getitem__(self, column: slice) -> Sequence[object]: ...

    def __getitem__(self, column: int | slice) -> object:
        if isinstance(column, slice):
            return [self[index] for index in range(*column.indices(len(self)))]
        if column >= len(self):
            raise IndexError(column)
        return self.batch.column(column)[self.at].as_py()

    def __len__(self) -> int:
        return int(self.batch.num_columns)


def read_parquet(path: Path | None, text_column: str | None) -> Table:
    """The table of the file, of which a part of a column is in memory at a time."""
    if path is None:
        raise Failure("Parquet cannot be read from standard input: name the file")
    arrow = pyarrow()
    try:
        file = arrow.parquet.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER)
    except arrow.ArrowInvalid as error:
        raise Failure(f"{path}: {error}") from None
    columns = file.schema_arrow.names
    try:
        index = text_index(columns, text_column)
    except LookupError as error:
        raise Failure(str(error)) from None
    kind = file.schema_arrow.field(index).type
    value = kind.value_type if arrow.types.is_dictionary(kind) else kind
    if not (arrow.types.is_string(value) or arrow.types.is_large_string(value)):
        raise Failure(f"--text-column: the column {columns[index]!r} has {kind}, not strings")
    return Table(columns, _rows(file, index, path.stat().st_size), schema=file.schema_arrow)


def _rows(file: Any, index: int, size: int) -> Iterator[Row]:
    number, total = 1, file.metadata.num_rows
    for batch in file.iter_batches(_ROWS_READ):
        for i, text in enumerate(batch.column(index).to_pylist()):
            yield Row(number, text or "", _Cells(batch, i), size * number // total)
            number += 1


class ParquetOutput:
    """A Parquet file. It is written beside its name and gets the name when it is whole."""

    def __init__(self, path: Path, table: Table, names: Names) -> None:
        self._arrow = arrow = pyarrow()
        self._path, self._beside = path, path.with_name(path.name + ".part")
        self._names = names
        # CSV and JSON lines do not say what their columns have.
        self._own = table.schema or arrow.schema([(name, arrow.string()) for name in table.columns])
        self._is_arrow = table.schema is not None
        added = [arrow.field(name, arrow.float64() if is_number(name) else arrow.string()) for name in names.all]
        self._schema = arrow.schema([*self._own, *added], metadata=self._own.metadata)
        self._writer = arrow.parquet.ParquetWriter(self._beside, self._schema)
        self._kept: list[Any] = []
        self._rows = 0

    def write(self, rows: Sequence[tuple[Row, Topics]]) -> None:
        """Writes the rows once there are enough for a row group."""
        own = self._slices([row for row, _ in rows]) if self._is_arrow else [self._strings([row for row, _ in rows])]
        whole = self._arrow.Table.from_batches(own, self._own)
        labels = zip(*(self._labels(row, topics) for row, topics in rows), strict=True)
        for field, values in zip(list(self._schema)[len(self._own) :], labels, strict=True):
            whole = whole.append_column(field, self._arrow.array(values, field.type))
        self._kept.append(whole.cast(self._schema))
        self._rows += len(rows)
        if self._rows >= _ROW_GROUP:
            self._flush()

    def finish(self) -> None:
        """Writes the rest, and gives the file its name."""
        self._flush()
        self._writer.close()
        self._beside.replace(self._path)

    def discard(self) -> None:
        """Removes what was written."""
        self._writer.close()
        self._beside.unlink(missing_ok=True)

    def _labels(self, row: Row, topics: Topics) -> Sequence[object]:
        cells = label_cells(self._names, row, topics)
        if not row.extra:
            return cells
        # A column for what fits no column would be empty in nearly every row.
        return [*cells[:-1], f"{reason_of(row, topics)}: {json.dumps(row.extra, ensure_ascii=False, default=str)}"]

    def _slices(self, rows: Sequence[Row]) -> list[Any]:
        slices = []
        for _, group in groupby(rows, lambda row: id(row.cells.batch)):  # type: ignore[attr-defined]
            same = list(group)
            first: Any = same[0].cells
            slices.append(first.batch.slice(first.at, len(same)))
        return slices

    def _strings(self, rows: Sequence[Row]) -> Any:
        columns = zip(*(map(_utf8, row.cells) for row in rows), strict=True)
        arrays = [self._arrow.array(values, self._arrow.string()) for values in columns]
        return self._arrow.RecordBatch.from_arrays(arrays, schema=self._own)

    def _flush(self) -> None:
        if self._kept:
            self._writer.write_table(self._arrow.concat_tables(self._kept))
        self._kept.clear()
        self._rows = 0


def _utf8(value: object) -> str | None:
    return None if value is None else flat(value).encode(errors="surrogateescape").decode(errors="replace")
