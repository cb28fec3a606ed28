"""The client for asyncio: `TopicClient` with methods to await."""

from collections.abc import Iterable
from types import TracebackType
from typing import Self

import grpc.aio

from questiontopic.channel import channel_options, tls_credentials
from questiontopic.error import topic_errors
from questiontopic.request import DEFAULT_TIMEOUT, predict_topic_request, seconds
from questiontopic.v1.topic_pb2 import (
    LABEL_LEVEL_UNSPECIFIED,
    DescribeModelRequest,
    DescribeModelResponse,
    LabelLevel,
    PredictTopicResponse,
)
from questiontopic.v1.topic_pb2_grpc import TopicServiceStub


class AsyncTopicClient:
    """Calls one TopicService from asyncio; all arguments and errors are those of `TopicClient`.

    Make it while the event loop that will use it runs. Safe to share between that loop's tasks; close it at the end,
    by `async with` or `await close()`. Cancelling a task cancels its call.
    """

    def __init__(self, channel: grpc.aio.Channel, *, timeout: float = DEFAULT_TIMEOUT) -> None:
        """Takes over a channel, as `TopicClient` does."""
        self._channel = channel
        self._stub = TopicServiceStub(channel)
        self._timeout = timeout

    @classmethod
    def plaintext(cls, address: str, *, timeout: float = DEFAULT_TIMEOUT) -> Self:
        """A client that encrypts nothing, as `TopicClient.plaintext`."""
        return cls(grpc.aio.insecure_channel(address, channel_options(address)), timeout=timeout)

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
    ) -> Self:
        """A client that encrypts and verifies the server, as `TopicClient.tls`."""
        credentials = tls_credentials(ca, certificate, key)
        channel = grpc.aio.secure_channel(address, credentials, channel_options(address, server_name))
        return cls(channel, timeout=timeout)

    async def predict_topic(
        self,
        texts: Iterable[str],
        *,
        label_level: LabelLevel = LABEL_LEVEL_UNSPECIFIED,
        model: str = "",
        timeout: float | None = None,
    ) -> PredictTopicResponse:
        """One prediction per text, in the order of texts, as `TopicClient.predict_topic`."""
        request = predict_topic_request(texts, label_level, model)
        with topic_errors():
            response: PredictTopicResponse = await self._stub.PredictTopic(
                request, timeout=seconds(timeout, self._timeout)
            )
        return response

    async def describe_model(self, *, model: str = "", timeout: float | None = None) -> DescribeModelResponse:
        """The model that is loaded, as `TopicClient.describe_model`."""
        request = DescribeModelRequest(model=model)
        with topic_errors():
            response: DescribeModelResponse = await self._stub.DescribeModel(
                request, timeout=seconds(timeout, self._timeout)
            )
        return response

    async def close(self) -> None:
        """Closes the channel, which cancels calls under way; closing again does nothing."""
        await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
