"""Reads JSON lines: one JSON object on each line."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import TextIO

from questiontopic.command.failure import Failure
from questiontopic.label.row import Row, Table, text_index
from questiontopic.label.source import Source, is_utf_8, read_line

# The lines among which there must be an object, whose members are the columns.
_FIRST_LINES = 100

_Parsed = tuple[str, Mapping[str, object] | None, str]  # The line, its object, and why it has none.


def read_json_lines(source: Source, text_column: str | None, added: Collection[str], *, open_ended: bool) -> Table:
    """The table of the source. Its columns are the members of the first object. Blank lines are left out.

    added: names that no object may have; Failure is raised at one that has. open_ended: whether later objects may have
    more members than the first; otherwise that is an error of theirs.
    """
    stream, bom = source.text(newline="\n")
    lines = _lines(stream)
    first: list[_Parsed] = []
    columns: Sequence[str] = []
    for line in lines:
        first.append(line)
        if line[1] is not None:
            columns = list(line[1])
            break
        if len(first) == _FIRST_LINES:
            break
    if first and first[-1][1] is None:
        raise Failure(f"none of the first {len(first)} lines is a JSON object; the first one: {first[0][2]}")
    name = columns[_index(columns, text_column)] if first else ""
    return Table(columns, _rows(source, chain(first, lines), columns, name, added, open_ended), bom=bom)


def _index(columns: Sequence[str], text_column: str | None) -> int:
    try:
        return text_index(columns, text_column)
    except LookupError as error:
        raise Failure(str(error)) from None


def _lines(stream: TextIO) -> Iterator[_Parsed]:
    number = 1
    while line := read_line(stream, number):
        line = line.strip(" \t\r\n")
        if line:
            yield line, *_parse(line)
        number += 1


def _parse(line: str) -> tuple[Mapping[str, object] | None, str]:
    if not is_utf_8(line):
        return None, "not valid UTF-8"
    try:
        parsed = json.loads(line)
    except (ValueError, RecursionError) as error:
        return None, f"not valid JSON: {error}"
    return (parsed, "") if isinstance(parsed, dict) else (None, "not a JSON object")


def _rows(
    source: Source,
    lines: Iterator[_Parsed],
    columns: Sequence[str],
    name: str,
    added: Collection[str],
    open_ended: bool,
) -> Iterator[Row]:
    known = frozenset(columns)
    for number, (line, values, error) in enumerate(lines, 1):
        if values is None:
            cells = [None] * len(columns)
            yield Row(number, "", cells, source.count, error, [line])
            continue
        if clash := [member for member in added if member in values]:
            raise Failure(f"row {number} has a member {clash[0]!r} already: choose other names with --prefix")
        row = Row(number, "", [values.get(column) for column in columns], source.count, raw=line)
        if not open_ended and not known.issuperset(values):
            more = {member: value for member, value in values.items() if member not in known}
            row.error = f"has members that the first row has not: {', '.join(map(repr, more))}"
            row.extra = list(more.values())
        text = values.get(name)
        if name not in values:
            row.error = row.error or f"has no member {name!r}"
        elif not isinstance(text, str):
            row.error = row.error or f"the member {name!r} is not a string"
        elif not row.error:
            row.text = text
        yield row
