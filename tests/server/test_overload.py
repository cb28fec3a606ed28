"""More calls at once than the server can take: those it refuses are told when to come again, and it lives on."""

from __future__ import annotations

import asyncio
import contextlib

import grpc
from google.rpc import error_details_pb2
from google.rpc.status_pb2 import Status
from server_process import DEFAULT_BUNDLE, ServerProcess

from questiontopic.v1.topic_pb2 import PredictTopicRequest
from questiontopic.v1.topic_pb2_grpc import TopicServiceStub

CALLS = 4_000
CONNECTIONS = 16


async def _outcome(stub: TopicServiceStub) -> tuple[grpc.StatusCode, bool]:
    """The code of a call of one text, and whether its status says when to come again."""
    try:
        response = await stub.PredictTopic(PredictTopicRequest(texts=["How many calls are too many?"]), timeout=120)
    except grpc.aio.AioRpcError as error:
        status = Status.FromString(dict(error.trailing_metadata()).get("grpc-status-details-bin", b""))
        return error.code(), any(each.Is(error_details_pb2.RetryInfo.DESCRIPTOR) for each in status.details)
    assert len(response.predictions) == 1
    return grpc.StatusCode.OK, False


def test_thousands_of_calls_at_once_are_answered_or_told_when_to_come_again() -> None:
    async def scenario(address: str) -> list[tuple[grpc.StatusCode, bool]]:
        options = [("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1)]  # A connection for each channel.
        async with contextlib.AsyncExitStack() as stack:
            channels = [grpc.aio.insecure_channel(address, options=options) for _ in range(CONNECTIONS)]
            stubs = [TopicServiceStub(await stack.enter_async_context(channel)) for channel in channels]
            outcomes = await asyncio.gather(*(_outcome(stubs[number % CONNECTIONS]) for number in range(CALLS)))
            assert await _outcome(stubs[0]) == (grpc.StatusCode.OK, False)
            return outcomes

    with ServerProcess(DEFAULT_BUNDLE, "--max-queue", "512") as server:
        outcomes = asyncio.run(scenario(server.address))
    assert set(outcomes) == {(grpc.StatusCode.OK, False), (grpc.StatusCode.RESOURCE_EXHAUSTED, True)}
