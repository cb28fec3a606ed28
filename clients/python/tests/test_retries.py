"""Retries: for which codes, how often, and on which server."""

from __future__ import annotations

import socket
import time
from itertools import pairwise

import grpc
import pytest

from questiontopic import PredictTopicRequest, PredictTopicResponse, TopicClient, TopicError

from .callers import Predict
from .conftest import Serve
from .service import TopicService, answer

_OTHER_CODES = [code for code in grpc.StatusCode if code not in (grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE)]


def _failing(code: grpc.StatusCode, times: int) -> TopicService:
    """A service that fails the given number of times and then answers."""

    def fail(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        if len(service.requests) <= times:
            context.abort(code, "not now")
        return answer(request, context)

    service = TopicService(fail)
    return service


def test_a_call_is_retried_while_the_server_is_unavailable(serve: Serve, predict: Predict) -> None:
    service = _failing(grpc.StatusCode.UNAVAILABLE, times=3)
    assert predict(serve(service), ["Who?"]).predictions
    assert len(service.requests) == 4


def test_a_call_fails_after_four_unavailable_attempts(serve: Serve, predict: Predict) -> None:
    service = _failing(grpc.StatusCode.UNAVAILABLE, times=10)
    with pytest.raises(TopicError, match="UNAVAILABLE: not now"):
        predict(serve(service), ["Who?"])
    assert len(service.requests) == 4


def test_a_large_request_is_retried_like_a_small_one(serve: Serve, predict: Predict) -> None:
    service = _failing(grpc.StatusCode.UNAVAILABLE, times=1)
    assert predict(serve(service), ["a" * 2_000_000]).predictions
    assert len(service.requests) == 2


@pytest.mark.parametrize("code", _OTHER_CODES, ids=lambda code: code.name)
def test_no_other_code_is_retried(serve: Serve, predict: Predict, code: grpc.StatusCode) -> None:
    service = _failing(code, times=1)
    with pytest.raises(TopicError) as caught:
        predict(serve(service), ["Who?"])
    assert caught.value.code is code
    assert len(service.requests) == 1


def test_calls_are_spread_over_the_addresses_of_a_name(serve: Serve) -> None:
    services = [TopicService(), TopicService()]
    target = "ipv4:" + ",".join(serve(service) for service in services)
    with TopicClient.plaintext(target) as client:
        for _ in range(5000):  # At first only one of the two may be connected.
            client.predict_topic(["Who?"])
            if all(service.requests for service in services):
                break
        before = [len(service.requests) for service in services]
        for _ in range(10):
            client.predict_topic(["Who?"])
    assert [len(service.requests) - count for service, count in zip(services, before, strict=True)] == [5, 5]


def test_a_server_that_is_away_is_tried_again_every_few_seconds() -> None:
    tries: list[float] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)
        with TopicClient.plaintext(f"127.0.0.1:{listener.getsockname()[1]}") as client:
            with pytest.raises(TopicError, match=r"UNAVAILABLE|DEADLINE_EXCEEDED"):
                client.predict_topic(["Who?"], timeout=0.5)
            while len(tries) < 7:  # Without a maximum, the pauses would be 1, 1.6, 2.6, 4.1, 6.6 and 10.5 seconds long.
                listener.accept()[0].close()
                tries.append(time.monotonic())
    assert max(after - before for before, after in pairwise(tries)) < 6  # Older gRPC: always 5.
