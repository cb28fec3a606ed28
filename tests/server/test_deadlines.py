"""The whole server keeps time: what has expired or was cancelled is not computed, and harms no neighbour.

The model is held meanwhile, so that calls must queue. The server's debug log counts what is computed.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Sequence
from pathlib import Path

import grpc
import pytest
from held_server import HELD, HeldServer

from questiontopic.v1.topic_pb2 import DescribeModelRequest, PredictTopicRequest, PredictTopicResponse
from questiontopic.v1.topic_pb2_grpc import TopicServiceStub
from questiontopic_model.topic_model import TopicModel

CALLS = 30  # With the held call, fewer than one connection may have at a time, so that `settled` is read too.
_FREE = [("grpc.enable_retries", 0)]


def computed(server: HeldServer) -> int:
    """Texts that the model got, once the server has ended."""
    return sum(map(int, re.findall(r"computing (\d+) texts", server.log)))


async def ask(stub: TopicServiceStub, *texts: str, seconds: float = 60.0) -> PredictTopicResponse:
    response: PredictTopicResponse = await stub.PredictTopic(PredictTopicRequest(texts=texts), timeout=seconds)
    return response


async def busy(stub: TopicServiceStub, server: HeldServer) -> asyncio.Task[PredictTopicResponse]:
    """A call that the model has begun to compute and that ends only after `server.release`."""
    first = asyncio.create_task(ask(stub, HELD))
    await asyncio.to_thread(server.wait_for, re.compile("computing"))
    return first


async def settled(stub: TopicServiceStub) -> None:
    """Waits until the server knows which calls have been taken back: on one connection it reads in order."""
    await stub.DescribeModel(DescribeModelRequest())


def test_of_calls_that_expire_while_the_model_is_busy_none_is_computed(tmp_path: Path) -> None:
    async def scenario(server: HeldServer) -> None:
        async with grpc.aio.insecure_channel(server.address, options=_FREE) as channel:
            stub = TopicServiceStub(channel)
            first = await busy(stub, server)
            calls = [ask(stub, f"Who is number {number}?", seconds=0.5) for number in range(CALLS)]
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            errors = [one for one in outcomes if isinstance(one, grpc.aio.AioRpcError)]
            assert len(errors) == CALLS
            # The latter if the server knows already how long a text takes.
            assert {one.code() for one in errors} <= {
                grpc.StatusCode.DEADLINE_EXCEEDED,
                grpc.StatusCode.RESOURCE_EXHAUSTED,
            }
            await settled(stub)
            server.release()
            assert len((await first).predictions) == 1

    with HeldServer(tmp_path) as server:
        asyncio.run(scenario(server))
        server.terminate()
        assert server.wait() == 0
    assert computed(server) == 1
    assert re.search(r"calls not answered: .*\d+ (cancelled|expired|too_late)", server.log)


@pytest.mark.parametrize("seed", range(3))
def test_calls_cancelled_at_random_harm_no_neighbour(model: TopicModel, seed: int, tmp_path: Path) -> None:
    random_ = random.Random(seed)
    texts = [f"How old was king number {number}?" for number in range(2 * CALLS)]
    cancelled = set(random_.sample(range(2 * CALLS), CALLS))

    async def scenario(server: HeldServer) -> Sequence[PredictTopicResponse | BaseException]:
        async with grpc.aio.insecure_channel(server.address, options=_FREE) as channel:
            stub = TopicServiceStub(channel)
            first = await busy(stub, server)
            calls = [asyncio.create_task(ask(stub, text)) for text in texts]
            for number in random_.sample(sorted(cancelled), CALLS):
                for _ in range(random_.randrange(4)):  # Other tasks' turns come between, more or fewer.
                    await asyncio.sleep(0)
                calls[number].cancel()
            await settled(stub)
            server.release()
            await first
            return await asyncio.gather(*calls, return_exceptions=True)

    with HeldServer(tmp_path) as server:
        outcomes = asyncio.run(scenario(server))
        server.terminate()
        assert server.wait() == 0
    assert computed(server) == 1 + CALLS
    expected = model.predict(texts).coarse
    labels = model.manifest.coarse_labels
    for number, outcome in enumerate(outcomes):
        if number in cancelled:
            assert isinstance(outcome, asyncio.CancelledError)
        else:
            assert isinstance(outcome, PredictTopicResponse)
            confidences = outcome.predictions[0].coarse.confidences
            assert [confidences[label] for label in labels] == pytest.approx(expected[number].tolist(), abs=1e-4)
