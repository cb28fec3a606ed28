"""A batch is the texts of one call: what is still to be asked, what an error means, and how long to wait."""

import math
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import grpc

from questiontopic.error import FieldViolation, TopicError
from questiontopic.topics import Topics, topics_of
from questiontopic.v1.topic_pb2 import (
    LABEL_LEVEL_BOTH,
    LABEL_LEVEL_COARSE,
    LabelLevel,
    Prediction,
    PredictTopicResponse,
)

# The attempts for the same texts while the server says that it has too much to do.
MAX_ATTEMPTS = 20
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 10.0  # Seconds between attempts, if the server does not say how long to wait.
_TOO_LARGE = "message larger than max"  # What gRPC says of a message that will not become smaller by waiting.


@dataclass(slots=True)
class Row:
    """One text and its answer: a prediction, or the reason why there is none.

    A blank line of the command's input is not sent and has neither.
    """

    number: int
    text: str
    blank: bool = False
    reason: str = ""
    prediction: Prediction | None = None


@dataclass
class Level:
    """The label level to ask for. If it is only preferred, coarse replaces it when the model has no fine labels."""

    value: LabelLevel = LABEL_LEVEL_BOTH
    preferred: bool = True

    def unless(self, demanded: LabelLevel | None) -> "Level":
        """The level that the caller demands, or this one if the caller demands none."""
        return self if demanded is None else Level(demanded, preferred=False)

    def falls_back(self, error: TopicError, tried: LabelLevel) -> bool:
        """Whether error refuses the level that was tried, and coarse topics can be asked for instead, from now on."""
        refused = any(violation.field == "label_level" for violation in error.violations)
        if not (refused and self.preferred and tried != LABEL_LEVEL_COARSE):
            return False
        self.value = LABEL_LEVEL_COARSE
        return True


Locate = Callable[[TopicError, Sequence[Row]], TopicError]


def as_it_is(error: TopicError, _: Sequence[Row]) -> TopicError:
    """The error of a call whose texts need no other numbers."""
    return error


class Batch:
    """The rows of one call, which may take several attempts."""

    def __init__(
        self,
        rows: Sequence[Row],
        level: Level,
        *,
        skip: bool = False,
        attempts: int = MAX_ATTEMPTS,
        locate: Locate = as_it_is,
    ) -> None:
        """skip: whether a text that the server refuses gets the reason, instead of failing the call.

        attempts: how often the same texts are sent while the server has too much to do. locate: tells where the rows
        of a failed call stand in the input.
        """
        self.rows = rows
        self.level = level.value
        self._level, self._skip, self._attempts, self._locate = level, skip, attempts, locate
        self._failures = 0

    def unanswered(self) -> Sequence[Row]:
        """The rows that still need a call."""
        return [row for row in self.rows if not row.blank and not row.reason and row.prediction is None]

    @property
    def texts(self) -> Sequence[str]:
        """The texts to send."""
        return [row.text for row in self.unanswered()]

    def answered(self, response: PredictTopicResponse) -> None:
        """Gives each unanswered row its prediction. Raises TopicError if there are more or fewer of them."""
        rows, predictions = self.unanswered(), response.predictions
        if len(rows) != len(predictions):
            found = f"the server gave {len(predictions)} predictions for {len(rows)} texts"
            raise TopicError(grpc.StatusCode.INTERNAL, found)
        for row, prediction in zip(rows, predictions, strict=True):
            row.prediction = prediction

    def topics(self) -> Iterator[Topics]:
        """The topics of each row, or its reason as an error."""
        for row in self.rows:
            prediction = row.prediction
            yield Topics(row.text, error=row.reason) if prediction is None else topics_of(row.text, prediction)

    def failed(self, error: TopicError) -> float:
        """The seconds to wait before the unanswered rows are sent again. Raises the error if that would not help."""
        if error.code is grpc.StatusCode.RESOURCE_EXHAUSTED and _TOO_LARGE not in error.message:
            self._failures += 1
            if self._failures < self._attempts:
                return _pause(self._failures, error.retry_after)
        elif error.code is grpc.StatusCode.INVALID_ARGUMENT:
            if self._level.falls_back(error, self.level):
                self.level = self._level.value
                return 0.0
            if self._skip and self._refuse(error):
                return 0.0
        raise self._locate(error, self.unanswered()) from error.__cause__

    def _refuse(self, error: TopicError) -> bool:
        """Gives a reason to each row whose text the server refused. Returns whether there is one."""
        refused = False
        rows = self.unanswered()
        for violation in error.violations:
            index = text_index(violation, len(rows))
            if index is not None:
                reason, row = violation.description or "refused", rows[index]
                row.reason = f"{row.reason}; {reason}" if row.reason else reason
                refused = True
        return refused


def text_index(violation: FieldViolation, count: int) -> int | None:
    """The i of a violation of `texts[i]` in a call of count texts; None for any other field."""
    match = re.fullmatch(r"texts\[([0-9]{1,9})\]", violation.field)
    return int(match[1]) if match is not None and int(match[1]) < count else None


def _pause(attempt: int, hint: float | None) -> float:
    """A random time is added or taken, so that callers that failed together do not come back together."""
    if hint is not None:
        return hint * random.uniform(1.0, 1.5)
    return min(_LONGEST_PAUSE, math.ldexp(_FIRST_PAUSE, attempt - 1)) * random.uniform(0.5, 1.0)
