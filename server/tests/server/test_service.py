"""The service on a real socket, with models that only a test would make: one that breaks, one without fine labels."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from questiontopic.v1 import topic_pb2
from questiontopic.v1.topic_pb2_grpc import TopicServiceStub
from questiontopic_model.bundle import NoneOfThese
from questiontopic_model.encoders.encoder import Encoded
from questiontopic_model.runtimes.graph import Floats, Inputs
from questiontopic_model.topic_model import TopicModel
from questiontopic_server.batcher import Batcher, Limits
from questiontopic_server.queue import Timing
from questiontopic_server.responses import Answer, Responses, answers
from questiontopic_server.service import TopicService
from questiontopic_server.telemetry.telemetry import Telemetry

from ..model.test_manifest import manifest, scored

SECRET = "a path or a password"


class Length:
    """An encoder that turns texts into their lengths."""

    max_pieces = 0

    def encode(self, texts: Sequence[str]) -> Encoded:
        return Encoded({"lengths": np.array([len(text) for text in texts])}, (False,) * len(texts))


class Even:
    """A graph that finds both labels equally likely, and fails for a text of 13 characters."""

    def run(self, inputs: Inputs) -> Floats:
        if 13 in inputs["lengths"]:
            raise RuntimeError(SECRET)
        return np.zeros((len(inputs["lengths"]), 2), np.float32)


class Scored:
    """The graph `Even` with the score "none of these". Its raw logit is the number of characters after the first."""

    def run(self, inputs: Inputs) -> Floats:
        return np.column_stack((Even().run(inputs), inputs["lengths"] - 1)).astype(np.float32)


EVEN = TopicModel(
    replace(manifest(), fine_labels=(), label_descriptions={"CAT": "cats of all kinds"}),
    "onnxruntime",
    Length(),
    Even(),
)
SCORED = TopicModel(
    replace(scored(), fine_labels=(), none_of_these=NoneOfThese(2, 0)), "onnxruntime", Length(), Scored()
)


def serve(
    scenario: Callable[[TopicServiceStub, TopicService], Awaitable[None]],
    model: TopicModel = EVEN,
    *,
    loaded: bool = True,
) -> None:
    """Runs the scenario against a server with the model, or with no model yet."""

    async def run() -> None:

        async def compute(texts: Sequence[str], _: Sequence[Timing]) -> list[Answer]:
            return answers(model.predict(texts))

        server, service = grpc.aio.server(), TopicService(Telemetry())
        server.add_generic_rpc_handlers((service.handler(),))
        port = server.add_insecure_port("127.0.0.1:0")
        if loaded:
            service.start(Responses(model), Batcher(compute, len, Limits(1, 8, 512, 128)))
        await server.start()
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                await scenario(TopicServiceStub(channel), service)
        finally:
            await server.stop(None)

    asyncio.run(run())


async def refused(call: Awaitable[Any]) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    return raised.value


def test_our_own_fault_is_internal_with_a_request_id_that_stands_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(stub: TopicServiceStub, _: TopicService) -> None:
        error = await refused(stub.PredictTopic(topic_pb2.PredictTopicRequest(texts=["thirteen char"]), timeout=10))
        assert error.code() == grpc.StatusCode.INTERNAL
        assert SECRET not in str(error)
        info = error_details_pb2.ErrorInfo()
        assert rpc_status.from_call(error).details[0].Unpack(info)
        assert (info.reason, info.domain) == ("INTERNAL", "questiontopic")
        (record,) = [record for record in caplog.records if info.metadata["request_id"] in record.getMessage()]
        assert record.exc_info and SECRET in str(record.exc_info[1])
        answer = await stub.PredictTopic(topic_pb2.PredictTopicRequest(texts=["other"]), timeout=10)
        assert len(answer.predictions) == 1

    with caplog.at_level(logging.ERROR):
        serve(scenario)


@pytest.mark.parametrize("level", [topic_pb2.LABEL_LEVEL_FINE, topic_pb2.LABEL_LEVEL_BOTH])
def test_a_bundle_without_fine_labels_refuses_to_give_them(level: topic_pb2.LabelLevel) -> None:
    async def scenario(stub: TopicServiceStub, _: TopicService) -> None:
        request = topic_pb2.PredictTopicRequest(texts=["x"], label_level=level)
        error = await refused(stub.PredictTopic(request, timeout=10))
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
        bad = error_details_pb2.BadRequest()
        assert rpc_status.from_call(error).details[0].Unpack(bad)
        assert bad.field_violations[0].field == "label_level"

    serve(scenario)


def test_equal_confidences_name_the_first_label_and_fine_ones_stay_away() -> None:
    async def scenario(stub: TopicServiceStub, _: TopicService) -> None:
        response = await stub.PredictTopic(topic_pb2.PredictTopicRequest(texts=["x"]), timeout=10)
        (prediction,) = response.predictions
        assert prediction.coarse.top_topic == "CAT"
        assert dict(prediction.coarse.confidences) == {"CAT": 0.5, "DOG": 0.5}
        assert not prediction.HasField("fine")

    serve(scenario)


def test_a_bundle_with_the_score_none_of_these_gives_it_for_each_text() -> None:
    async def scenario(stub: TopicServiceStub, _: TopicService) -> None:
        response = await stub.PredictTopic(topic_pb2.PredictTopicRequest(texts=["x", "xx", "xxx"]), timeout=10)
        found = [prediction.none_of_these for prediction in response.predictions]
        assert found == pytest.approx([1 / (1 + math.exp(-2 * logit)) for logit in range(3)])
        for prediction in response.predictions:
            assert dict(prediction.coarse.confidences) == {"CAT": 0.5, "DOG": 0.5}
        description = await stub.DescribeModel(topic_pb2.DescribeModelRequest(), timeout=10)
        assert description.has_none_of_these

    serve(scenario, SCORED)


def test_a_bundle_without_the_score_leaves_it_absent() -> None:
    async def scenario(stub: TopicServiceStub, _: TopicService) -> None:
        response = await stub.PredictTopic(topic_pb2.PredictTopicRequest(texts=["x"]), timeout=10)
        assert not response.predictions[0].HasField("none_of_these")
        description = await stub.DescribeModel(topic_pb2.DescribeModelRequest(), timeout=10)
        assert not description.has_none_of_these

    serve(scenario)


def test_a_label_without_a_description_has_no_entry() -> None:
    async def scenario(stub: TopicServiceStub, _: TopicService) -> None:
        response = await stub.DescribeModel(topic_pb2.DescribeModelRequest(), timeout=10)
        assert list(response.coarse_labels) == ["CAT", "DOG"]
        assert dict(response.label_descriptions) == {"CAT": "cats of all kinds"}

    serve(scenario)


def test_before_a_model_is_loaded_calls_are_unavailable() -> None:
    async def scenario(stub: TopicServiceStub, _: TopicService) -> None:
        for call in (
            stub.PredictTopic(topic_pb2.PredictTopicRequest(texts=["x"]), timeout=10),
            stub.DescribeModel(topic_pb2.DescribeModelRequest(), timeout=10),
        ):
            assert (await refused(call)).code() == grpc.StatusCode.UNAVAILABLE

    serve(scenario, loaded=False)


def test_after_the_drain_calls_are_unavailable_and_none_is_counted() -> None:
    async def scenario(stub: TopicServiceStub, service: TopicService) -> None:
        await stub.PredictTopic(topic_pb2.PredictTopicRequest(texts=["x"]), timeout=10)
        await asyncio.wait_for(service.drain(), 10)
        error = await refused(stub.PredictTopic(topic_pb2.PredictTopicRequest(texts=["x"]), timeout=10))
        assert error.code() == grpc.StatusCode.UNAVAILABLE
        assert service.in_flight == 0

    serve(scenario)
