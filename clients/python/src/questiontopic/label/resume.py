"""Goes on with an output that a stopped job left: it is its own record of what is done."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from questiontopic.command.failure import Failure
from questiontopic.label.form import Form
from questiontopic.label.row import Row
from questiontopic.label.summary import Summary


@dataclass(frozen=True)
class Kept:
    """What is kept of an output."""

    size: int
    """Where to cut it, in bytes."""
    again: list[Row]
    """The rows that were read from the input and must be labelled (again)."""


def keep(output: BinaryIO, form: Form, rows: Iterator[Row], texts_per_call: int, summary: Summary) -> Kept:
    """What can be kept of the output. Reads the rows of the input that it has, and counts those that are kept.

    A whole number of calls is kept, unless the output is complete: then the calls have the texts that they had without
    the stop. Raises Failure if the output is not that of this input and these flags.
    """
    header = form.header()
    found = output.read(len(header))
    if found != header:
        if header.startswith(found):
            return Kept(0, [])
        raise Failure("--resume: the output begins with other columns, so it is not that of this input and these flags")
    size = kept = len(header)
    call: list[tuple[Row, str]] = []  # The rows since the last whole call, with their errors.
    is_complete = True
    for record, is_whole in form.records(output):
        row = next(rows, None)
        if row is None:
            raise Failure("--resume: the output has more rows than the input")
        own = form.own(row)
        if not (own.is_in(record) if is_whole else own.may_begin_with(record)):
            raise Failure(f"--resume: row {row.number} of the output is not that of the input")
        if not is_whole:
            call.append((row, ""))
            is_complete = False
            break
        call.append((row, _error(form, record, row)))
        size += len(record)
        if len(call) == texts_per_call:
            _count(summary, call)
            kept = size
    following = next(rows, None) if is_complete else None
    if is_complete and following is None:
        _count(summary, call)
        return Kept(size, [])
    return Kept(kept, [row for row, _ in call] + ([following] if following else []))


def _error(form: Form, record: bytes, row: Row) -> str:
    try:
        return form.error(record)
    except ValueError as error:
        raise Failure(f"--resume: row {row.number} of the output has other columns: {error}") from None


def _count(summary: Summary, call: list[tuple[Row, str]]) -> None:
    for row, error in call:
        summary.add(row.number, error, kept=True)
    call.clear()
