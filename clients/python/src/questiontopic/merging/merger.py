"""The questions that wait, the merged calls that are formed of them, and the outcome of each question.

Nothing here waits or calls. A merger is not safe for threads: its user has a lock or one event loop.
"""

import copy
import re

import grpc

from questiontopic.error import FieldViolation, TopicError
from questiontopic.merging.limits import Merging, MergingStats
from questiontopic.merging.question import Answered, Kind, Line, MergedCall, Question
from questiontopic.traces import Wait
from questiontopic.v1.topic_pb2 import (
    LABEL_LEVEL_COARSE,
    LABEL_LEVEL_UNSPECIFIED,
    PredictTopicRequest,
    PredictTopicResponse,
)

Outcome = PredictTopicResponse | BaseException

_PAUSE_WHEN_FULL = 1.0  # Seconds after which a caller should try again that finds too many texts waiting.


class Merger:
    """Makes few calls of many questions: `join`, then `start`, `form` and `end` for each call."""

    def __init__(self, limits: Merging) -> None:
        self._limits = limits
        self._lines: dict[Kind, Line] = {}
        self._calls = self._texts = self._waiting = self._in_flight = 0

    @property
    def stats(self) -> MergingStats:
        """The counts of this moment."""
        return MergingStats(self._calls, self._texts, self._waiting, self._in_flight)

    def join(self, request: PredictTopicRequest, deadline: float, answered: Answered, wait: Wait) -> Question:
        """Puts a question into its line. Raises TopicError if too many texts wait."""
        question = Question(tuple(request.texts), deadline, answered, wait)
        if self._waiting + len(question.texts) > self._limits.waiting:
            message = f"not sent: {self._waiting} texts wait in the client already; ask fewer at the same time"
            raise TopicError(grpc.StatusCode.RESOURCE_EXHAUSTED, message, retry_after=_PAUSE_WHEN_FULL)
        level = request.label_level
        if level == LABEL_LEVEL_UNSPECIFIED:
            level = LABEL_LEVEL_COARSE  # The same by the contract.
        kind = Kind(level, request.model)
        question.line = line = self._lines.setdefault(kind, Line(kind))
        line.waiting[question] = None
        self._waiting += len(question.texts)
        return question

    def leave(self, question: Question) -> MergedCall | None:
        """Takes out a question whose caller has gone. Returns the call to cancel, if nobody waits for it any more."""
        question.left = True
        if question.line is not None:
            line = self._take(question)
            self._forget(line)
        if question.call is not None and question.call.is_abandoned():
            return question.call
        return None

    def start(self, line: Line) -> bool:
        """Whether somebody waits and another call may be under way. If so, `form` must be called next."""
        if not line.waiting or line.in_flight >= self._limits.in_flight:
            return False
        line.in_flight += 1
        self._in_flight += 1
        return True

    def form(self, line: Line) -> MergedCall | None:
        """A call of the questions that have waited longest, for which `end` must be called. None if nobody waits."""
        questions: list[Question] = []
        texts: list[str] = []
        while line.waiting:
            question = next(iter(line.waiting))
            if questions and len(texts) + len(question.texts) > self._limits.texts:
                break
            self._take(question)
            questions.append(question)
            texts += question.texts
        if not questions:
            self._finish(line)
            return None
        request = PredictTopicRequest(texts=texts, label_level=line.kind.level, model=line.kind.model)
        call = MergedCall(line, questions, request, max(question.deadline for question in questions))
        for question in questions:
            question.call = call
        self._calls += 1
        self._texts += len(texts)
        return call

    def end(self, call: MergedCall, outcome: Outcome) -> None:
        """Gives each question its outcome. The neighbours of a refused text go back to the front of the line."""
        outcomes = (isinstance(outcome, TopicError) and _refused(call, outcome)) or _outcomes(call, outcome)
        for question in reversed(call.questions):
            question.call = None
            if question in outcomes:
                question.end(outcomes[question])
            else:
                self._ask_again(question, call.line)
        self._finish(call.line)

    def _ask_again(self, question: Question, line: Line) -> None:
        if not question.left:
            question.line = line
            line.waiting[question] = None
            line.waiting.move_to_end(question, last=False)
            self._waiting += len(question.texts)

    def _take(self, question: Question) -> Line:
        line = question.line
        assert line is not None  # It waits.
        del line.waiting[question]
        question.line = None
        self._waiting -= len(question.texts)
        return line

    def _finish(self, line: Line) -> None:
        line.in_flight -= 1
        self._in_flight -= 1
        self._forget(line)

    def _forget(self, line: Line) -> None:
        if not line.waiting and not line.in_flight:
            self._lines.pop(line.kind, None)


def _outcomes(call: MergedCall, outcome: Outcome) -> dict[Question, Outcome]:
    """The outcome of each question, if no text was refused."""
    if isinstance(outcome, BaseException):
        # Each caller gets an error of its own, because an exception collects the traces of all raises.
        return {question: _copy(outcome) for question in call.questions}
    found, wanted = len(outcome.predictions), len(call.request.texts)
    if found != wanted:
        message = f"the server gave {found} predictions for {wanted} texts"
        return {question: TopicError(grpc.StatusCode.INTERNAL, message) for question in call.questions}
    outcomes: dict[Question, Outcome] = {}
    start = 0
    for question in call.questions:
        stop = start + len(question.texts)
        part = outcome.predictions[start:stop]
        outcomes[question] = PredictTopicResponse(predictions=part, model=outcome.model)
        start = stop
    return outcomes


def _refused(call: MergedCall, error: TopicError) -> dict[Question, Outcome]:
    """The errors of the questions whose texts the server names, with the texts numbered as in the question."""
    violations: dict[Question, list[FieldViolation]] = {}
    for violation in error.violations if error.code is grpc.StatusCode.INVALID_ARGUMENT else ():
        if found := _find(call, violation.field):
            question, index = found
            violations.setdefault(question, []).append(violation._replace(field=f"texts[{index}]"))
    refused: dict[Question, Outcome] = {}
    for question, own in violations.items():
        message = f"{own[0].field}: {own[0].description}"
        refused[question] = own_error = TopicError(error.code, message, violations=own)
        own_error.__cause__ = error.__cause__
    return refused


def _copy(error: BaseException) -> BaseException:
    copied = copy.copy(error)
    copied.__cause__ = error.__cause__
    return copied


def _find(call: MergedCall, named: str) -> tuple[Question, int] | None:
    """The question that has the text of a field such as texts[3] of the merged call, and the text's index in it."""
    match = re.fullmatch(r"texts\[([0-9]+)\]", named)
    if match is None:
        return None
    index = int(match[1])
    for question in call.questions:
        if index < len(question.texts):
            return question, index
        index -= len(question.texts)
    return None
