"""Bad input that no well-behaved client can send; the rest is in vectors/limits.json, which both clients run."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from server_process import ServerProcess

from questiontopic.v1.topic_pb2 import PredictTopicRequest, PredictTopicResponse

METHOD = "/questiontopic.v1.TopicService/PredictTopic"


@pytest.fixture
def channel(server: ServerProcess) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.address) as channel:
        yield channel


def send(channel: grpc.Channel, message: bytes, timeout: float = 20) -> PredictTopicResponse:
    """Sends bytes as they are, which the generated stubs would refuse to make."""
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(METHOD)
    return PredictTopicResponse.FromString(call(message, timeout=timeout))


def lives(channel: grpc.Channel) -> None:
    request = PredictTopicRequest(texts=["Who feeds your cat?"]).SerializeToString()
    assert len(send(channel, request).predictions) == 1


def refusal(channel: grpc.Channel, message: bytes) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as raised:
        send(channel, message)
    status = rpc_status.from_call(raised.value)
    bad = error_details_pb2.BadRequest()
    assert status and status.details[0].Unpack(bad)
    return raised.value.code(), bad.field_violations[0].field


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (PredictTopicRequest(texts=["Who?", "Where?"]).SerializeToString() + b"\x0a\x03a\xff\xfe", "texts[2]"),
        (PredictTopicRequest(texts=["Who?"]).SerializeToString() + b"\x1a\x02\xc3\x28", "model"),
        (b"\x0a\x7fcut off", ""),
    ],
    ids=["a text that is not UTF-8", "a model name that is not UTF-8", "no message at all"],
)
def test_malformed_bytes_are_an_invalid_argument(channel: grpc.Channel, message: bytes, field: str) -> None:
    assert refusal(channel, message) == (grpc.StatusCode.INVALID_ARGUMENT, field)
    lives(channel)


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (b"\x0a\x00" * 8_000_000, "texts"),
        (b"\x0a\x01a" * 5_000_000 + b"\x0a\x01\xff", "texts"),
        (b"\x20\x01" * 8_000_000, ""),
    ],
    ids=["eight million empty texts", "five million texts", "eight million unknown fields"],
)
def test_a_message_of_many_fields_is_refused_before_it_is_built(
    channel: grpc.Channel, server: ServerProcess, message: bytes, field: str
) -> None:
    before = server.peak_memory()
    assert refusal(channel, message) == (grpc.StatusCode.INVALID_ARGUMENT, field)
    assert server.peak_memory() - before < 120_000_000  # Built, it would take several hundred megabytes.
    lives(channel)


def test_a_model_name_that_is_too_long_to_repeat_is_still_not_found(channel: grpc.Channel) -> None:
    request = PredictTopicRequest(texts=["Who?"], model="é" * 20_000).SerializeToString()
    with pytest.raises(grpc.RpcError) as raised:
        send(channel, request)
    assert raised.value.code() == grpc.StatusCode.NOT_FOUND


def test_a_deadline_of_a_millisecond_is_exceeded(channel: grpc.Channel) -> None:
    request = PredictTopicRequest(texts=["How long is a full call?" * 40] * 512).SerializeToString()
    with pytest.raises(grpc.RpcError) as raised:
        send(channel, request, timeout=0.001)
    assert raised.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    lives(channel)


def test_the_largest_request_is_answered_in_the_memory_that_the_readme_calls_plenty() -> None:
    request = PredictTopicRequest(texts=["工" * 2000] * 512).SerializeToString()
    with ServerProcess() as server, grpc.insecure_channel(server.address) as channel:
        predictions = send(channel, request, timeout=120).predictions
        assert len(predictions) == 512
        assert all(prediction.truncated for prediction in predictions)
        assert server.peak_memory() < 256_000_000
