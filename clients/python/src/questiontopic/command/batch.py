"""The texts of the input, in batches: each batch is one call."""

from collections.abc import Iterable, Iterator, Sequence
from copy import copy

from questiontopic.bulk.batch import Batch, Level, Row, text_index
from questiontopic.command.failure import Failure
from questiontopic.error import FieldViolation, TopicError


def batch_of(texts: Iterable[str], level: Level, *, skip: bool) -> Batch:
    """The arguments as one batch."""
    return Batch([Row(number, text) for number, text in enumerate(texts, 1)], level, skip=skip)


def batches(lines: Iterable[Row], size: int, level: Level, *, skip: bool, skip_blank: bool) -> Iterator[Batch]:
    """Batches of size lines; the last one may be smaller. skip_blank leaves blank lines out.

    At the first line that cannot be read, or cannot be sent if skip is false, it yields the lines before that line and
    then raises Failure.
    """
    rows: list[Row] = []
    failure: Failure | None = None
    try:
        for row in lines:
            if row.reason and not skip:
                raise Failure(f"line {row.number}: {row.reason}")
            if row.blank and skip_blank:
                continue
            rows.append(row)
            if len(rows) == size:
                yield Batch(rows, level, skip=skip, locate=_with_lines)
                rows = []
    except Failure as error:
        failure = error
    if rows:
        yield Batch(rows, level, skip=skip, locate=_with_lines)
    if failure is not None:
        raise failure


def _with_lines(error: TopicError, rows: Sequence[Row]) -> TopicError:
    """The error with ` (line N)` added to each violation of a `texts[i]`."""

    def located(violation: FieldViolation) -> FieldViolation:
        index = text_index(violation, len(rows))
        if index is None:
            return violation
        return violation._replace(description=f"{violation.description} (line {rows[index].number})")

    with_lines = copy(error)
    with_lines.violations = tuple(map(located, error.violations))
    return with_lines
