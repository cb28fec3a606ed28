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
    before = server.memory()
    assert refusal(channel, message) == (grpc.StatusCode.INVALID_ARGUMENT, field)
    assert server.memory() - before < 120_000_000  # Built, it would take several hundred megabytes.
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


def test_the_largest_request_is_answered_in_bounded_memory() -> None:
    request = PredictTopicRequest(texts=["工" * 2000] * 512).SerializeToString()
    with ServerProcess() as server, grpc.insecure_channel(server.address) as channel:
        predictions = send(channel, request, timeout=120).predictions
        assert len(predictions) == 512
        assert all(prediction.truncated for prediction in predictions)
        assert server.memory() < 256_000_000


def test_a_call_that_ends_without_a_message_fails_at_once(channel: grpc.Channel) -> None:
    call: grpc.StreamUnaryMultiCallable[bytes, bytes] = channel.stream_unary(METHOD)
    with pytest.raises(grpc.RpcError) as raised:
        call(iter([]), timeout=20)
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("size", "code"), [(7_000, "OK"), (9_000, "RESOURCE_EXHAUSTED"), (12_000, "RESOURCE_EXHAUSTED")]
)
def test_metadata_is_bounded(server: ServerProcess, size: int, code: str) -> None:
    request = PredictTopicRequest(texts=["Who?"]).SerializeToString()
    for _ in range(5):  # gRPC's own limits would refuse some of these calls and let others pass.
        with grpc.insecure_channel(server.address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
            call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(METHOD)
            assert call.future(request, timeout=20, metadata=(("x-large", "a" * size),)).code().name == code
