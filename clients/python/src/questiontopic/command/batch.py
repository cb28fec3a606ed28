"""The texts of the input, in batches: each batch is one call."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from questiontopic.command.failure import Failure
from questiontopic.v1.topic_pb2 import Prediction


@dataclass
class Row:
    """One text of the input and its answer: a prediction, or the reason why there is none.

    A blank line of standard input is not sent and has neither.
    """

    number: int  # from 1
    text: str
    blank: bool = False
    reason: str = ""
    prediction: Prediction | None = None


@dataclass(frozen=True)
class Batch:
    """The rows of one call."""

    unit: str  # what a row's number counts: text for arguments, line for standard input
    rows: Sequence[Row]

    def unanswered(self) -> Sequence[Row]:
        """The rows that still need a call."""
        return [row for row in self.rows if not row.blank and not row.reason and row.prediction is None]


def batch_of(texts: Iterable[str]) -> Batch:
    """The arguments as one batch."""
    return Batch("text", [Row(number, text) for number, text in enumerate(texts, 1)])


def batches(lines: Iterable[Row], size: int, *, skip: bool, skip_blank: bool) -> Iterator[Batch]:
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
                yield Batch("line", rows)
                rows = []
    except Failure as error:
        failure = error
    if rows:
        yield Batch("line", rows)
    if failure is not None:
        raise failure
