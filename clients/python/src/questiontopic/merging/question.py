"""A caller's question, the line in which it waits, and the merged call that it becomes part of."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from questiontopic.request import unfit
from questiontopic.traces import SharedCall, Wait, shared_call
from questiontopic.v1.topic_pb2 import LabelLevel, PredictTopicRequest, PredictTopicResponse

_MAX_SMALL = 16  # Texts of a call that is merged. The server, too, treats such a call as a small one.


class Answered(Protocol):
    """A future, of threads or of asyncio."""

    def done(self) -> bool:
        """Whether it has a result or an exception."""

    def set_result(self, result: PredictTopicResponse, /) -> None:
        """Wakes the caller with its answer."""

    def set_exception(self, exception: BaseException, /) -> None:
        """Wakes the caller with an error."""


@dataclass(eq=False)
class Question:
    """The call of one caller."""

    texts: Sequence[str]
    deadline: float
    """In seconds of the clock that the merger's user reads."""
    answered: Answered
    wait: Wait = None
    """The span of its wait, if its caller has a span."""
    left: bool = False
    """Whether its caller has gone."""
    line: "Line | None" = None
    """Where it waits."""
    call: "MergedCall | None" = None
    """The call that it is part of."""

    def end(self, outcome: PredictTopicResponse | BaseException) -> None:
        """Wakes the caller, if it still waits."""
        if self.answered.done():
            return
        if isinstance(outcome, BaseException):
            self.answered.set_exception(outcome)
        else:
            self.answered.set_result(outcome)


@dataclass(frozen=True)
class Kind:
    """What the questions of a merged call have in common."""

    level: LabelLevel
    model: str


@dataclass(eq=False)
class Line:
    """The questions of one kind that wait, and how many of their calls are under way."""

    kind: Kind
    waiting: OrderedDict[Question, None] = field(default_factory=OrderedDict)
    in_flight: int = 0
    """Its calls that are under way or were started to be formed."""


@dataclass(eq=False)
class MergedCall:
    """A call under way."""

    line: Line
    questions: Sequence[Question]
    request: PredictTopicRequest
    deadline: float
    """The latest of its questions."""
    traced: SharedCall = field(default_factory=SharedCall)
    """Its span, from `trace` on."""

    def trace(self) -> None:
        """Begins its span, if a caller has one. It may take long, so nobody else waits for it."""
        self.traced = shared_call([question.wait for question in self.questions])

    def is_abandoned(self) -> bool:
        """Whether all of its callers have gone."""
        return all(question.left for question in self.questions)


def is_small(request: PredictTopicRequest) -> bool:
    """Whether a request may be merged. The server answers all others itself, also those with an error."""
    return 0 < len(request.texts) <= _MAX_SMALL and all(not unfit(text) for text in request.texts)
