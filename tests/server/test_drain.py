"""SIGTERM under load: no accepted call fails, new ones are told to go elsewhere, and the exit is clean."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import re
from collections.abc import Awaitable, Iterator
from typing import TypeVar

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from server_process import ServerProcess
from slow_reader import SlowReader

from questiontopic.v1.topic_pb2 import DescribeModelRequest, LabelLevel, PredictTopicRequest, PredictTopicResponse
from questiontopic.v1.topic_pb2_grpc import TopicServiceStub

CALLERS = 32
REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
T = TypeVar("T")


async def _call_until_refused(stub: TopicServiceStub, answered: list[int], done: asyncio.Event) -> grpc.StatusCode:
    """Calls without a pause and without retries; the code of the first refusal."""
    while True:
        request = PredictTopicRequest(texts=["What does a drained server answer?"] * 8)
        try:
            response = await stub.PredictTopic(request, timeout=30)
        except grpc.aio.AioRpcError as error:
            return error.code()
        assert len(response.predictions) == 8
        answered.append(1)
        if len(answered) >= 10 * CALLERS:
            done.set()


def test_sigterm_under_load_answers_every_accepted_call() -> None:
    async def scenario(server: ServerProcess) -> list[grpc.StatusCode]:
        answered: list[int] = []
        warm = asyncio.Event()
        async with grpc.aio.insecure_channel(server.address, options=[("grpc.enable_retries", 0)]) as channel:
            stub = TopicServiceStub(channel)
            callers = [asyncio.create_task(_call_until_refused(stub, answered, warm)) for _ in range(CALLERS)]
            await asyncio.wait_for(warm.wait(), 60)
            server.terminate()
            return await asyncio.wait_for(asyncio.gather(*callers), 60)

    with ServerProcess() as server:
        codes = asyncio.run(scenario(server))
        assert server.wait() == 0, server.log
    assert set(codes) == {grpc.StatusCode.UNAVAILABLE}
    assert "drained" in server.log


def test_calls_that_wait_in_the_queue_at_sigterm_are_answered() -> None:
    async def outcome(call: Awaitable[PredictTopicResponse]) -> grpc.StatusCode:
        try:
            assert len((await call).predictions) == 400
        except grpc.aio.AioRpcError as error:
            return error.code()
        return grpc.StatusCode.OK

    async def scenario(server: ServerProcess) -> list[grpc.StatusCode]:
        async with grpc.aio.insecure_channel(server.address, options=[("grpc.enable_retries", 0)]) as channel:
            stub = TopicServiceStub(channel)
            request = PredictTopicRequest(texts=["How?"] * 400)
            calls = [asyncio.create_task(outcome(stub.PredictTopic(request, timeout=60))) for _ in range(8)]
            await stub.PredictTopic(PredictTopicRequest(texts=["Is anyone there?"]), timeout=60)
            server.terminate()
            return await asyncio.gather(*calls)

    with ServerProcess() as server:
        outcomes = asyncio.run(scenario(server))
        assert server.wait() == 0, server.log
    accepted = re.search(r"draining: (\d+) calls in flight", server.log)
    assert accepted
    # Some may have been answered before; the call of one text counts until the server knows that it has been sent.
    assert 1 + outcomes.count(grpc.StatusCode.OK) >= int(accepted[1]) > 0
    assert set(outcomes) <= {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE}


def test_a_thousand_calls_under_way_at_sigterm_are_all_answered() -> None:
    """Over twenty connections, because a connection may have only so many calls at a time."""

    async def describe(stub: TopicServiceStub) -> None:
        await stub.DescribeModel(DescribeModelRequest(), timeout=60)

    async def scenario(server: ServerProcess) -> list[int]:
        async with contextlib.AsyncExitStack() as stack:
            # gRPC would let all of these channels share one connection.
            options = [("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1)]
            channels = [grpc.aio.insecure_channel(server.address, options=options) for _ in range(20)]
            stubs = [TopicServiceStub(await stack.enter_async_context(channel)) for channel in channels]
            await asyncio.gather(*map(describe, stubs))  # Connected now, so that the order of calls is kept.
            request = PredictTopicRequest(texts=["How?"] * 16)
            calls = [stub.PredictTopic(request, timeout=60) for stub in stubs for _ in range(50)]
            answers = asyncio.gather(*calls)
            # The description comes at once. When it is here, the calls before it have been accepted.
            await asyncio.gather(*map(describe, stubs))
            server.terminate()
            return [len(answer.predictions) for answer in await answers]

    with ServerProcess() as server:
        assert asyncio.run(scenario(server)) == [16] * 1000
        assert server.wait() == 0, server.log
    accepted = re.search(r"draining: (\d+) calls in flight", server.log)
    assert accepted
    assert int(accepted[1]) > 500  # The first batches have been answered meanwhile.


def test_watchers_are_told_and_hold_up_no_drain() -> None:
    with ServerProcess() as server, grpc.insecure_channel(server.address) as channel:
        watched = HealthStub(channel).Watch(HealthCheckRequest())
        assert next(watched).status == HealthCheckResponse.SERVING
        open_questions: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        open_questions.put(b"\x3a\x00")  # A ServerReflectionRequest for the list of services.
        reflect: grpc.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(REFLECTION)
        asked = reflect(iter(open_questions.get, None))
        assert b"questiontopic.v1.TopicService" in next(asked)
        server.terminate()
        assert server.wait() == 0, server.log
        assert [each.status for each in ended(watched)] == [HealthCheckResponse.NOT_SERVING]
        assert not ended(asked)
        open_questions.put(None)
    assert "drained" in server.log


def ended(stream: Iterator[T]) -> list[T]:
    """What a stream had still to tell before it ended with an error."""
    found: list[T] = []
    with pytest.raises(grpc.RpcError):
        found.extend(stream)
    return found


def test_an_answer_that_is_read_slowly_is_not_cut_off_though_somebody_watches() -> None:
    async def scenario(server: ServerProcess) -> int:
        proxy = SlowReader(server.address, 500)  # Less than gRPC needs to know how large the answer is.
        async with (
            await proxy.serve() as listening,
            grpc.aio.insecure_channel(server.address) as direct,
            grpc.aio.insecure_channel(f"127.0.0.1:{listening.sockets[0].getsockname()[1]}") as channel,
        ):
            watched = HealthStub(direct).Watch(HealthCheckRequest())
            assert (await watched.read()).status == HealthCheckResponse.SERVING
            request = PredictTopicRequest(texts=["How?"] * 512, label_level=LabelLevel.LABEL_LEVEL_BOTH)
            call = asyncio.ensure_future(TopicServiceStub(channel).PredictTopic(request, timeout=60))
            await asyncio.wait_for(proxy.stopped.wait(), 60)
            server.terminate()
            await asyncio.sleep(2)  # So slowly.
            proxy.told.set()
            return len((await call).predictions)

    with ServerProcess() as server:
        assert asyncio.run(scenario(server)) == 512
        assert server.wait() == 0, server.log
