"""What both clients know about a `predict_many`: its batches, its topics and its errors. It makes no calls."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import grpc

from questiontopic.batch import Batch, Level, Row
from questiontopic.error import FieldViolation, TopicError
from questiontopic.request import not_text
from questiontopic.topics import Topics, topics_of

MAX_TEXTS, _MAX_CHARACTERS = 512, 2000  # The contract's Limits.
_MAX_IN_FLIGHT = 1024


class Stream:
    """Any number of texts, numbered from 0, which become batches, and these become topics."""

    def __init__(self, level: Level, texts_per_call: int, in_flight: int, on_error: str) -> None:
        """Raises ValueError for a number out of range and for an unknown on_error."""
        _check("texts_per_call", texts_per_call, MAX_TEXTS)
        _check("in_flight", in_flight, _MAX_IN_FLIGHT)
        if on_error not in ("stop", "skip"):
            raise ValueError(f'on_error must be "stop" or "skip", not {on_error!r}')
        self._level, self._stop = level, on_error == "stop"
        self._read = 0
        self.texts_per_call = texts_per_call

    def batches(self, texts: Iterable[object]) -> Iterator[Batch]:
        """The texts in batches. A batch is read when it is asked for."""
        source = iter(texts)
        while batch := self.batch(list(islice(source, self.texts_per_call))):
            yield batch

    def batch(self, texts: Sequence[object]) -> Batch | None:
        """The next batch of the stream. A text that the server would refuse has a reason and is not sent."""
        rows = [_row(number, text) for number, text in enumerate(texts, self._read)]
        self._read += len(rows)
        # A refused text is skipped even if the stream stops at it, because the texts before it are answered first.
        return Batch(rows, self._level, skip=True) if rows else None

    def failed(self, batch: Batch, error: TopicError) -> float:
        """The seconds to wait before the batch is sent again; otherwise raises the error with the texts' numbers."""
        try:
            return batch.failed(error)
        except TopicError as last:
            raise _located(last, batch) from last

    def topics(self, batch: Batch) -> Iterator[Topics]:
        """The topics of an answered batch. Raises TopicError at the first text that has none, if the stream stops."""
        for row in batch.rows:
            if row.reason and self._stop:
                violation = FieldViolation(f"texts[{row.number}]", row.reason)
                raise TopicError(grpc.StatusCode.INVALID_ARGUMENT, row.reason, violations=[violation])
            yield Topics(row.text, error=row.reason) if row.prediction is None else topics_of(row.text, row.prediction)


def _located(error: TopicError, batch: Batch) -> TopicError:
    """The error of a call with the numbers of its texts in the message."""
    return TopicError(
        error.code,
        f"{error.message} (texts[{batch.rows[0].number}] to texts[{batch.rows[-1].number}])",
        violations=error.violations,
        reason=error.reason,
        request_id=error.request_id,
        retry_after=error.retry_after,
    )


def _row(number: int, text: object) -> Row:
    reason = not_text(text)
    if not isinstance(text, str):
        return Row(number, "", reason=reason)
    if reason:
        return Row(number, text.encode(errors="replace").decode(), reason=reason)
    if not text or text.isspace():
        return Row(number, text, reason="must have a character that is not white space")
    if len(text) > _MAX_CHARACTERS:
        reason = f"must have at most {_MAX_CHARACTERS} characters, has {len(text)}: shorten it"
    return Row(number, text, reason=reason)


def _check(name: str, value: int, maximum: int) -> None:
    if not 1 <= value <= maximum:
        raise ValueError(f"{name} must be from 1 to {maximum}, not {value}")
