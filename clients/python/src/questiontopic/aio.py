"""The client for asyncio. Its methods are those of `TopicClient`, as coroutines."""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing
from functools import partial
from types import TracebackType
from typing import Any, Self

import grpc.aio

from questiontopic.bearer import Bearer, Token
from questiontopic.bulk.batch import Batch, Level
from questiontopic.bulk.progress import progress_bar
from questiontopic.bulk.stream import Stream, single
from questiontopic.bulk.tasks import answer, in_order, reader
from questiontopic.channel import channel_options, tls_credentials
from questiontopic.merging import Merging, MergingStats
from questiontopic.merging.question import is_small
from questiontopic.merging.tasks import TaskMerger
from questiontopic.request import (
    DEFAULT_TIMEOUT,
    MAX_TEXTS,
    describe_model_request,
    predict_topic_request,
    seconds,
    values,
)
from questiontopic.target import check_target
from questiontopic.topics import Topics, TopicsTable
from questiontopic.traces import call_span
from questiontopic.translation import ClientState, topic_errors
from questiontopic.v1.topic_pb2 import (
    LABEL_LEVEL_UNSPECIFIED,
    DescribeModelResponse,
    LabelLevel,
    PredictTopicResponse,
)
from questiontopic.v1.topic_pb2_grpc import TopicServiceStub


class AsyncTopicClient:
    """Calls a TopicService from asyncio. All arguments and errors are those of `TopicClient`.

    Create it inside the running event loop that will use it. All tasks of that loop may share it. Close it with
    `async with` or `await close()`. Cancelling a task cancels its call.
    """

    def __init__(
        self,
        channel: grpc.aio.Channel,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        merging: Merging | None = None,
        token: Token | None = None,
    ) -> None:
        """Uses a channel that you made, and owns it from then on: see `TopicClient`."""
        self._channel = channel
        self._stub = TopicServiceStub(channel)
        self._timeout = timeout
        self._state = ClientState()
        self._level = Level()
        self._bearer = Bearer(token)
        self._merger = None if merging is None else TaskMerger(self._stub, merging, self._state, self._bearer)

    @classmethod
    def plaintext(
        cls,
        address: str,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        merging: Merging | None = None,
        token: Token | None = None,
    ) -> Self:
        """A client without encryption: see `TopicClient.plaintext`."""
        check_target(address)
        channel = grpc.aio.insecure_channel(address, channel_options(address))
        client = cls(channel, timeout=timeout, merging=merging, token=token)
        client._state.plaintext = True
        return client

    @classmethod
    def tls(
        cls,
        address: str,
        *,
        ca: bytes | None = None,
        certificate: bytes | None = None,
        key: bytes | None = None,
        server_name: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        merging: Merging | None = None,
        token: Token | None = None,
    ) -> Self:
        """A client that uses TLS: see `TopicClient.tls`."""
        check_target(address)
        credentials = tls_credentials(ca, certificate, key)
        channel = grpc.aio.secure_channel(address, credentials, channel_options(address, server_name))
        return cls(channel, timeout=timeout, merging=merging, token=token)

    async def predict_topic(
        self,
        texts: Iterable[str],
        *,
        label_level: LabelLevel = LABEL_LEVEL_UNSPECIFIED,
        model: str = "",
        timeout: float | None = None,
    ) -> PredictTopicResponse:
        """One prediction for each text, in order: see `TopicClient.predict_topic`."""
        request = predict_topic_request(texts, label_level, model)
        if self._merger is not None and is_small(request):
            return await self._merger.predict(request, seconds(timeout, self._timeout))
        options = self._call_options(timeout)
        with call_span("PredictTopic", options) as traced, topic_errors(self._state):
            response: PredictTopicResponse = await self._stub.PredictTopic(request, **traced)
        return response

    async def predict(
        self,
        texts: Iterable[str],
        *,
        label_level: LabelLevel | None = None,
        model: str = "",
        timeout: float | None = None,
    ) -> TopicsTable:
        """The topics of texts as plain Python values, in order: see `TopicClient.predict`."""
        texts = list(values(texts))
        if len(texts) > MAX_TEXTS or not texts:
            many = self.predict_many(texts, label_level=label_level, model=model, timeout=timeout)
            return TopicsTable([topics async for topics in many])
        batch = single(texts, self._level.unless(label_level))
        await answer(self._caller(model, timeout), batch)
        return TopicsTable(batch.topics())

    def predict_many(
        self,
        texts: Iterable[str] | AsyncIterable[str],
        *,
        label_level: LabelLevel | None = None,
        model: str = "",
        timeout: float | None = None,
        texts_per_call: int = 64,
        in_flight: int = 4,
        on_error: str = "stop",
        progress: bool = False,
    ) -> AsyncIterator[Topics]:
        """The topics of any number of texts, in order: see `TopicClient.predict_many`. texts may be asynchronous."""
        if not isinstance(texts, AsyncIterable):
            texts = values(texts)
        stream = Stream(self._level.unless(label_level), texts_per_call, in_flight, on_error)
        call = self._caller(model, timeout)

        async def topics() -> AsyncIterator[Topics]:
            batches = in_order(reader(stream, texts), partial(answer, call), in_flight)
            with progress_bar(progress, texts) as advance:
                async with aclosing(batches):
                    async for batch in batches:
                        for row in stream.topics(batch):
                            yield row
                            advance()

        return topics()

    def _caller(self, model: str, timeout: float | None) -> Callable[[Batch], Awaitable[PredictTopicResponse]]:
        return lambda batch: self.predict_topic(batch.texts, label_level=batch.level, model=model, timeout=timeout)

    async def describe_model(self, *, model: str = "", timeout: float | None = None) -> DescribeModelResponse:
        """The loaded model: see `TopicClient.describe_model`."""
        request = describe_model_request(model)
        options = self._call_options(timeout)
        with call_span("DescribeModel", options) as traced, topic_errors(self._state):
            response: DescribeModelResponse = await self._stub.DescribeModel(request, **traced)
        return response

    def _call_options(self, timeout: float | None) -> dict[str, Any]:
        return {"timeout": seconds(timeout, self._timeout), "metadata": self._bearer.metadata()}

    @property
    def merging_stats(self) -> MergingStats:
        """What the merging has done so far, and what it does now. All zero for a client without merging."""
        return MergingStats() if self._merger is None else self._merger.stats

    async def close(self) -> None:
        """Closes the channel: see `TopicClient.close`."""
        self._state.closed = True
        await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
