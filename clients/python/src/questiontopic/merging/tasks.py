"""Merging for `AsyncTopicClient`: the callers are tasks of one event loop."""

import asyncio

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


class TaskMerger:
    """Answers the requests of several tasks by few calls of a stub."""

    def __init__(self, stub: TopicServiceStub, limits: Merging, state: ClientState, bearer: Bearer) -> None:
        self._stub, self._state, self._bearer = stub, state, bearer
        self._merger = Merger(limits)
        self._calls: dict[asyncio.Task[None], MergedCall | None] = {}

    @property
    def stats(self) -> MergingStats:
        """The counts of this moment."""
        return self._merger.stats

    async def predict(self, request: PredictTopicRequest, seconds: float) -> PredictTopicResponse:
        """The answer to a small request, as part of a merged call. Raises TopicError, also after so many seconds."""
        with wait_span(len(request.texts)) as wait:
            return await self._answer(request, seconds, wait)

    async def _answer(self, request: PredictTopicRequest, seconds: float, wait: Wait) -> PredictTopicResponse:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        answered: asyncio.Future[PredictTopicResponse] = loop.create_future()
        question = self._merger.join(request, deadline, answered, wait)
        timer = loop.call_at(deadline, _expire, question)
        if question.line is not None:
            self._start(question.line)
        try:
            return await answered
        finally:
            timer.cancel()
            self._leave(question)

    def _leave(self, question: Question) -> None:
        abandoned = self._merger.leave(question)
        for task, call in self._calls.items() if abandoned else ():
            if call is abandoned:
                task.cancel()

    def _start(self, line: Line) -> None:
        if self._merger.start(line):
            task = asyncio.get_running_loop().create_task(self._call(line))
            self._calls[task] = None
            task.add_done_callback(self._calls.pop)

    async def _call(self, line: Line) -> None:
        await asyncio.sleep(0)  # Callers that have just been answered often ask again at once, and join this call.
        call = self._merger.form(line)
        if call is None:
            return
        task = asyncio.current_task()
        assert task is not None
        self._calls[task] = call
        outcome: Outcome
        try:
            call.trace()
            metadata = self._bearer.metadata() + call.traced.metadata
            with call.traced.current(), topic_errors(self._state):
                timeout = max(0.0, call.deadline - asyncio.get_running_loop().time())
                outcome = await self._stub.PredictTopic(call.request, timeout=timeout, metadata=metadata)
        except asyncio.CancelledError:
            outcome = TopicError(grpc.StatusCode.CANCELLED, "the call was cancelled")
        except Exception as error:  # noqa: BLE001 - it is raised again in the tasks that wait
            outcome = error
        call.traced.end(outcome)
        self._merger.end(call, outcome)
        self._start(line)


def _expire(question: Question) -> None:
    question.end(TopicError(grpc.StatusCode.DEADLINE_EXCEEDED, "the deadline has passed"))
