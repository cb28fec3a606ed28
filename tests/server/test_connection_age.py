"""A connection that is old enough ends between two calls, so that callers find servers that came later."""

from __future__ import annotations

import time

import grpc
import pytest
from server_process import DEFAULT_BUNDLE, ServerProcess, refused

from questiontopic.v1.topic_pb2 import PredictTopicRequest
from questiontopic.v1.topic_pb2_grpc import TopicServiceStub

_SECONDS = 60.0


def connections(server: ServerProcess, wanted: int, seconds: float) -> int:
    """How often the channel of one caller connected, while it made calls without retries and none failed."""
    states: list[grpc.ChannelConnectivity] = []
    with grpc.insecure_channel(server.address, [("grpc.enable_retries", 0)]) as channel:
        channel.subscribe(states.append)
        stub, until = TopicServiceStub(channel), time.monotonic() + seconds
        while states.count(grpc.ChannelConnectivity.READY) < wanted and time.monotonic() < until:
            assert stub.PredictTopic(PredictTopicRequest(texts=["What is new?"]), timeout=10).predictions
    return states.count(grpc.ChannelConnectivity.READY)


def test_no_call_fails_while_old_connections_end() -> None:
    with ServerProcess(DEFAULT_BUNDLE, "--max-connection-age", "0.5") as server:
        assert connections(server, 4, _SECONDS) == 4


def test_by_default_a_connection_stays(server: ServerProcess) -> None:
    assert connections(server, 2, 3) == 1


@pytest.mark.parametrize("age", ["0", "-1", "soon", "86401"])
def test_a_wrong_age_is_refused(age: str) -> None:
    code, said = refused("--bundle", str(DEFAULT_BUNDLE), "--max-connection-age", age)
    assert (code, "--max-connection-age: must be a number of seconds above 0" in said) == (2, True)
