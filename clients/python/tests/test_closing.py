"""What ends a call early: a client that closes, and a task that is cancelled."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from questiontopic import (
    LABEL_LEVEL_BOTH,
    AsyncTopicClient,
    DescribeModelRequest,
    PredictTopicRequest,
    PredictTopicResponse,
    TopicClient,
    TopicError,
    channel_options,
)
from questiontopic.v1.topic_pb2_grpc import TopicServiceStub

from .conftest import Serve
from .service import TopicService, hold

_CLOSED = "^CANCELLED: the client is closed$"


class _HeldCall(TopicService):
    """Holds each call until the caller ends it."""

    def __init__(self) -> None:
        super().__init__(self._hold)
        self.started, self.ended = threading.Event(), threading.Event()

    def _hold(self, request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        self.started.set()
        hold(context)
        self.ended.set()
        return PredictTopicResponse()


def test_a_client_owns_the_channel_that_it_gets(serve: Serve) -> None:
    address = serve(TopicService())
    channel = grpc.insecure_channel(address, channel_options(address))
    with TopicClient(channel) as client:
        assert client.predict_topic(["Who?"], label_level=LABEL_LEVEL_BOTH).predictions[0].fine.top_topic == "HUM:ind"
    with pytest.raises(ValueError, match="closed"):
        TopicServiceStub(channel).DescribeModel(DescribeModelRequest())


def test_closing_twice_does_nothing(serve: Serve) -> None:
    client = TopicClient.plaintext(serve(TopicService()))
    client.close()
    client.close()


def test_calls_of_a_closed_client_are_cancelled(serve: Serve) -> None:
    address = serve(TopicService())
    with TopicClient.plaintext(address) as client:
        client.predict_topic(["Who?"])
    with pytest.raises(TopicError, match=_CLOSED) as caught:
        client.predict_topic(["Who?"])
    assert caught.value.code is grpc.StatusCode.CANCELLED
    with pytest.raises(TopicError, match=_CLOSED):
        client.describe_model()

    async def call_closed() -> None:
        async with AsyncTopicClient.plaintext(address) as client:
            await client.predict_topic(["Who?"])
        for call in (client.predict_topic(["Who?"]), client.describe_model()):
            with pytest.raises(TopicError, match=_CLOSED):
                await call

    asyncio.run(call_closed())


def test_closing_a_client_cancels_its_running_call(serve: Serve) -> None:
    service = _HeldCall()
    client = TopicClient.plaintext(serve(service), timeout=60)
    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(client.predict_topic, ["Who?"])
        assert service.started.wait(timeout=30)
        client.close()
        with pytest.raises(TopicError, match=_CLOSED):
            call.result(timeout=30)


def test_closing_an_asyncio_client_cancels_its_running_call(serve: Serve) -> None:
    service = _HeldCall()

    async def close(address: str) -> None:
        client = AsyncTopicClient.plaintext(address, timeout=60)
        call = asyncio.create_task(client.predict_topic(["Who?"]))
        await asyncio.to_thread(service.started.wait, 30)
        await client.close()
        with pytest.raises(TopicError, match=_CLOSED):
            await call

    asyncio.run(close(serve(service)))
    assert service.ended.wait(timeout=30)


@pytest.mark.parametrize("close", [False, True], ids=["open", "closed"])
def test_cancelling_a_task_cancels_its_call(serve: Serve, close: bool) -> None:
    service = _HeldCall()

    async def cancel(address: str) -> None:
        async with AsyncTopicClient.plaintext(address) as client:
            call = asyncio.create_task(client.predict_topic(["Who?"]))
            await asyncio.to_thread(service.started.wait, 30)
            call.cancel()
            if close:
                await client.close()
            with pytest.raises(asyncio.CancelledError):
                await call

    asyncio.run(cancel(serve(service)))
    assert service.ended.wait(timeout=30)
