"""The service on a real socket, with models that only a test would make: one that breaks, one without fine labels."""

from __future__ import annotations

import asyncio
import logging
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
from questiontopic_server.answers import Answer, unpack
from questiontopic_server.batcher import Batcher
from questiontopic_server.model.encoder import Encoded, Floats, Inputs
from questiontopic_server.model.topic_model import TopicModel
from questiontopic_server.model_process import LoadedModel
from questiontopic_server.service import TopicService

from .test_manifest import manifest

SECRET = "a path or a password"


class Length:
    """An encoder of texts as their lengths."""

    max_pieces = 0

    def encode(self, texts: Sequence[str]) -> Encoded:
        return Encoded({"lengths": np.array([len(text) for text in texts])}, (False,) * len(texts))


class Even:
    """A graph that finds both labels equally likely, unless a text has 13 characters."""

    def run(self, inputs: Inputs) -> Floats:
        if 13 in inputs["lengths"]:
            raise RuntimeError(SECRET)
        return np.zeros((len(inputs["lengths"]), 2), np.float32)


def _status(error: grpc.aio.AioRpcError) -> Any:
    return rpc_status.from_call(error)


def serve(scenario: Callable[[TopicServiceStub], Awaitable[None]]) -> None:
    async def run() -> None:
        coarse = replace(manifest(), fine_labels=())
        model = TopicModel(coarse, "onnxruntime", Length(), Even())

        async def compute(texts: Sequence[str]) -> list[Answer]:
            return unpack(model.predict(texts).packed(), len(coarse.coarse_labels), 0)

        server, service = grpc.aio.server(), TopicService()
        server.add_generic_rpc_handlers((service.handler(),))
        port = server.add_insecure_port("127.0.0.1:0")
        batcher = Batcher[Answer](max_batch=8, max_queue=512)
        batches = asyncio.create_task(batcher.run(compute))
        service.start(LoadedModel(coarse, "onnxruntime", 0), batcher)
        await server.start()
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                await scenario(TopicServiceStub(channel))
        finally:
            batches.cancel()
            await server.stop(None)

    asyncio.run(run())


def test_our_own_fault_is_internal_with_a_request_id_that_stands_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(stub: TopicServiceStub) -> None:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.PredictTopic(topic_pb2.PredictTopicRequest(texts=["thirteen char"]), timeout=10)
        error = raised.value
        assert error.code() == grpc.StatusCode.INTERNAL
        assert SECRET not in str(error)
        info = error_details_pb2.ErrorInfo()
        assert _status(error).details[0].Unpack(info)
        assert (info.reason, info.domain) == ("INTERNAL", "questiontopic")
        (record,) = [record for record in caplog.records if info.metadata["request_id"] in record.getMessage()]
        assert record.exc_info and SECRET in str(record.exc_info[1])
        answer = await stub.PredictTopic(topic_pb2.PredictTopicRequest(texts=["other"]), timeout=10)
        assert len(answer.predictions) == 1

    with caplog.at_level(logging.ERROR):
        serve(scenario)


@pytest.mark.parametrize("level", [topic_pb2.LABEL_LEVEL_FINE, topic_pb2.LABEL_LEVEL_BOTH])
def test_a_bundle_without_fine_labels_refuses_to_give_them(level: topic_pb2.LabelLevel) -> None:
    async def scenario(stub: TopicServiceStub) -> None:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.PredictTopic(topic_pb2.PredictTopicRequest(texts=["x"], label_level=level), timeout=10)
        assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        bad = error_details_pb2.BadRequest()
        assert _status(raised.value).details[0].Unpack(bad)
        assert bad.field_violations[0].field == "label_level"

    serve(scenario)


def test_equal_confidences_name_the_first_label_and_fine_ones_stay_away() -> None:
    async def scenario(stub: TopicServiceStub) -> None:
        response = await stub.PredictTopic(topic_pb2.PredictTopicRequest(texts=["x"]), timeout=10)
        (prediction,) = response.predictions
        assert prediction.coarse.top_topic == "CAT"
        assert dict(prediction.coarse.confidences) == {"CAT": 0.5, "DOG": 0.5}
        assert not prediction.HasField("fine")

    serve(scenario)
