"""The client for asyncio. Its methods are those of `TopicClient`, as coroutines."""

from collections.abc import Iterable
from types import TracebackType
from typing import Self

import grpc.aio

from questiontopic.channel import channel_options, tls_credentials
from questiontopic.merging import Merging, MergingStats
from questiontopic.merging.question import is_small
from questiontopic.merging.tasks import TaskMerger
from questiontopic.request import DEFAULT_TIMEOUT, describe_model_request, predict_topic_request, seconds
from questiontopic.target import check_target
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
        self, channel: grpc.aio.Channel, *, timeout: float = DEFAULT_TIMEOUT, merging: Merging | None = None
    ) -> None:
        """Uses a channel that you made, and owns it from then on: see `TopicClient`."""
        self._channel = channel
        self._stub = TopicServiceStub(channel)
        self._timeout = timeout
        self._state = ClientState()
        self._merger = None if merging is None else TaskMerger(self._stub, merging, self._state)

    @classmethod
    def plaintext(cls, address: str, *, timeout: float = DEFAULT_TIMEOUT, merging: Merging | None = None) -> Self:
        """A client without encryption: see `TopicClient.plaintext`."""
        check_target(address)
        client = cls(grpc.aio.insecure_channel(address, channel_options(address)), timeout=timeout, merging=merging)
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
    ) -> Self:
        """A client that uses TLS: see `TopicClient.tls`."""
        check_target(address)
        credentials = tls_credentials(ca, certificate, key)
        channel = grpc.aio.secure_channel(address, credentials, channel_options(address, server_name))
        return cls(channel, timeout=timeout, merging=merging)

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
        with topic_errors(self._state):
            response: PredictTopicResponse = await self._stub.PredictTopic(
                request, timeout=seconds(timeout, self._timeout)
            )
        return response

    async def describe_model(self, *, model: str = "", timeout: float | None = None) -> DescribeModelResponse:
        """The loaded model: see `TopicClient.describe_model`."""
        request = describe_model_request(model)
        with topic_errors(self._state):
            response: DescribeModelResponse = await self._stub.DescribeModel(
                request, timeout=seconds(timeout, self._timeout)
            )
        return response

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
