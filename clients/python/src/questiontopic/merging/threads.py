"""Merging for `TopicClient`: the callers are threads. gRPC's own thread starts the next call when one has ended."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from functools import partial

import grpc

from questiontopic.bearer import Bearer
from questiontopic.error import TopicError
from questiontopic.merging.limits import Merging, MergingStats
from questiontopic.merging.merger import Merger, Outcome
from questiontopic.merging.question import Line, MergedCall, Question
from questiontopic.traces import Wait, wait_span
from questiontopic.translation import ClientState, topic_errors
from questiontopic.v1.topic_pb2 import PredictTopicRequest, PredictTopicResponse
from questiontopic.v1.topic_pb2_grpc import TopicServiceStub


class ThreadMerger:
    """Answers the requests of several threads by few calls of a stub."""

    def __init__(self, stub: TopicServiceStub, limits: Merging, state: ClientState, bearer: Bearer) -> None:
        self._stub, self._state, self._bearer = stub, state, bearer
        self._lock = threading.Lock()  # Guards the merger and `_calls`.
        self._merger = Merger(limits)
        self._calls: dict[MergedCall, grpc.Future[PredictTopicResponse]] = {}

    @property
    def stats(self) -> MergingStats:
        """The counts of this moment."""
        with self._lock:
            return self._merger.stats

    def predict(self, request: PredictTopicRequest, seconds: float) -> PredictTopicResponse:
        """The answer to a small request, as part of a merged call. Raises TopicError, also after so many seconds."""
        with wait_span(len(request.texts)) as wait:
            return self._answer(request, seconds, wait)

    def _answer(self, request: PredictTopicRequest, seconds: float, wait: Wait) -> PredictTopicResponse:
        answered: Future[PredictTopicResponse] = Future()
        deadline = time.monotonic() + seconds
        with self._lock:
            question = self._merger.join(request, deadline, answered, wait)
            line = question.line
        assert line is not None
        self._start(line)
        try:
            return answered.result(max(0.0, seconds))
        except TimeoutError:
            raise TopicError(grpc.StatusCode.DEADLINE_EXCEEDED, "the deadline has passed") from None
        finally:
            self._leave(question)

    def _leave(self, question: Question) -> None:
        with self._lock:
            abandoned = self._merger.leave(question)
            future = self._calls.get(abandoned) if abandoned else None
        if future is not None:
            future.cancel()

    def _start(self, line: Line) -> None:
        with self._lock:
            call = self._merger.form(line) if self._merger.start(line) else None
        if call is None:
            return
        try:
            call.trace()
            metadata = self._bearer.metadata() + call.traced.metadata
            with call.traced.current(), topic_errors(self._state):
                timeout = max(0.0, call.deadline - time.monotonic())
                future = self._stub.PredictTopic.future(call.request, timeout=timeout, metadata=metadata)
        except Exception as error:  # noqa: BLE001 - the channel is closed, for example; every caller is told
            self._end(call, error)
            return
        with self._lock:
            self._calls[call] = future
        future.add_done_callback(partial(self._ended, call))

    def _ended(self, call: MergedCall, future: grpc.Future[PredictTopicResponse]) -> None:
        try:
            with topic_errors(self._state):
                outcome: Outcome = future.result()
        except grpc.FutureCancelledError:
            outcome = TopicError(grpc.StatusCode.CANCELLED, "the call was cancelled")
        except Exception as error:  # noqa: BLE001 - it is raised again in the threads that wait
            outcome = error
        self._end(call, outcome)

    def _end(self, call: MergedCall, outcome: Outcome) -> None:
        call.traced.end(outcome)
        with self._lock:
            self._calls.pop(call, None)
            self._merger.end(call, outcome)
        self._start(call.line)
