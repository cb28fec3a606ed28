"""What both clients know about a `predict_many`: its batches, its topics and its errors. It makes no calls."""

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from itertools import islice

import grpc

from questiontopic.bulk.batch import Batch, Level, Row
from questiontopic.error import FieldViolation, TopicError
from questiontopic.request import MAX_TEXTS, not_text, unfit
from questiontopic.topics import Topics

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
        rows = [checked_row(number, text) for number, text in enumerate(texts, self._read)]
        self._read += len(rows)
        # A refused text is skipped even if the stream stops at it, because the texts before it are answered first.
        return Batch(rows, self._level, skip=True, locate=_located) if rows else None

    def topics(self, batch: Batch) -> Iterator[Topics]:
        """The topics of an answered batch. Raises TopicError at the first text that has none, if the stream stops."""
        for row, topics in zip(batch.rows, batch.topics(), strict=True):
            if row.reason and self._stop:
                violation = FieldViolation(f"texts[{row.number}]", row.reason)
                raise TopicError(grpc.StatusCode.INVALID_ARGUMENT, row.reason, violations=[violation])
            yield topics


def single(texts: Sequence[str], level: Level) -> Batch:
    """The texts as one call, which fails if the server has too much to do or refuses a text."""
    return Batch([Row(number, text) for number, text in enumerate(texts)], level, attempts=1)


def _located(error: TopicError, rows: Sequence[Row]) -> TopicError:
    located = copy(error)
    located.message += f" (texts[{rows[0].number}] to texts[{rows[-1].number}])"
    return located


def checked_row(number: int, text: object) -> Row:
    """The row of a text. If the server would refuse it, the row has the reason."""
    reason = not_text(text)
    if not isinstance(text, str):
        return Row(number, "", reason=reason)
    if reason:
        return Row(number, text.encode(errors="replace").decode(), reason=reason)
    return Row(number, text, reason=unfit(text))


def _check(name: str, value: int, maximum: int) -> None:
    if not 1 <= value <= maximum:
        raise ValueError(f"{name} must be from 1 to {maximum}, not {value}")
