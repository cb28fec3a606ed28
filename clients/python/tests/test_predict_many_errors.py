"""`predict_many`: what it does while the server is busy, and with texts that cannot be answered."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from questiontopic import (
    PredictTopicRequest,
    PredictTopicResponse,
    TopicError,
    Topics,
)
from questiontopic.bulk.batch import MAX_ATTEMPTS
from questiontopic.testing import TopicServer, send

from .callers import Many
from .command import run
from .conftest import Serve
from .service import TopicService, answer, refuse_bad

_BLANK = "must have a character that is not white space"


def _echo(text: str) -> str:
    return f"T{text}"


def _numbers(count: int) -> Iterator[str]:
    return map(str, range(count))


def _until_error(answers: Iterator[Topics]) -> tuple[list[str], Exception]:
    """The texts that were answered, and what then was raised."""
    texts: list[str] = []
    with pytest.raises(Exception) as caught:
        texts.extend(topics.text for topics in answers)
    return texts, caught.value


def _busy(times: int, retry_after: float | None, message: str = "the queue is full") -> TopicService:
    """A service that refuses so many calls and then answers."""

    def refuse(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        if len(service.requests) <= times:
            send(TopicError(grpc.StatusCode.RESOURCE_EXHAUSTED, message, retry_after=retry_after), context)
        return answer(request, context)

    service = TopicService(refuse)
    return service


def test_a_busy_server_is_asked_again_after_the_time_that_it_names(serve: Serve, many: Many) -> None:
    service = _busy(2, retry_after=0.3)
    begin = time.monotonic()
    assert [topics.topic for topics in many(serve(service), ["Who?"])] == ["HUM"]
    assert time.monotonic() - begin >= 0.6
    assert len(service.requests) == 3


def test_a_busy_server_that_names_no_time_is_asked_again_after_growing_pauses(serve: Serve, many: Many) -> None:
    service = _busy(3, retry_after=None)
    begin = time.monotonic()
    assert [topics.topic for topics in many(serve(service), ["Who?"])] == ["HUM"]
    assert time.monotonic() - begin >= 0.05 + 0.1 + 0.2
    assert len(service.requests) == 4


def test_a_server_that_stays_busy_fails_the_call_after_twenty_attempts(serve: Serve, many: Many) -> None:
    service = _busy(1000, retry_after=0.001)
    found, error = _until_error(many(serve(service), ["Who?", "What?"]))
    assert (found, str(error)) == ([], "RESOURCE_EXHAUSTED: the queue is full (texts[0] to texts[1])")
    assert len(service.requests) == MAX_ATTEMPTS == 20


def test_a_message_that_is_too_large_is_not_sent_again(serve: Serve, many: Many) -> None:
    service = _busy(1000, None, "SERVER: Received message larger than max (17 vs. 16)")
    _until_error(many(serve(service), ["Who?"]))
    assert len(service.requests) == 1


def test_the_command_waits_for_a_busy_server(serve: Serve) -> None:
    service = _busy(2, retry_after=0.01)
    outcome = run("--address", serve(service), lines="Who?\n")
    assert (outcome.code, outcome.error, len(service.requests)) == (0, "", 3)


def test_skip_gives_a_text_without_topics_its_error_and_answers_the_others(serve: Serve, many: Many) -> None:
    service = TopicService(refuse_bad)
    texts: list[Any] = ["Who?", "", " \u3000\n", None, 5.5, b"Who?", "W\ud800", "a" * 2001, "bad", "a" * 2000, "bad 2"]
    found = [(topics.text, topics.topic, topics.error) for topics in many(serve(service), texts, on_error="skip")]
    assert found == [
        ("Who?", "HUM", ""),
        ("", "", _BLANK),
        (" \u3000\n", "", _BLANK),
        ("", "", "must be str, not NoneType"),
        ("", "", "must be str, not float"),
        ("", "", "must be str, not bytes"),
        ("W?", "", "not valid Unicode: half of a surrogate pair at index 1"),
        ("a" * 2001, "", "must have at most 2000 characters, has 2001: shorten it"),
        ("bad", "", "must be good,\nnot bad"),
        ("a" * 2000, "HUM", ""),
        ("bad 2", "", "must be good,\nnot bad 2"),
    ]
    assert [list(request.texts) for request in service.requests] == [
        ["Who?", "bad", "a" * 2000, "bad 2"],
        ["Who?", "a" * 2000, "bad 2"],
        ["Who?", "a" * 2000],
    ]


def test_a_call_whose_texts_are_all_skipped_is_not_sent(topic_server: TopicServer, many: Many) -> None:
    assert [topics.error for topics in many(topic_server.address, ["", " "], on_error="skip")] == [_BLANK] * 2
    assert not topic_server.requests


@pytest.mark.parametrize("number", [0, 5, 63, 64, 129])
@pytest.mark.parametrize("wrong", ["bad", "", None, "\udc00"], ids=repr)
def test_stop_answers_the_texts_before_the_one_that_it_names(
    serve: Serve, many: Many, number: int, wrong: str | None
) -> None:
    texts: list[Any] = [*_numbers(number), wrong, "after"]
    found, error = _until_error(many(serve(TopicService(refuse_bad)), texts))
    assert found == list(_numbers(number))
    assert isinstance(error, TopicError)
    assert error.code is grpc.StatusCode.INVALID_ARGUMENT
    assert [violation.field for violation in error.violations] == [f"texts[{number}]"]
    assert str(error).startswith(f"INVALID_ARGUMENT: texts[{number}]: ")


@pytest.mark.parametrize("on_error", ["stop", "skip"])
def test_a_failed_call_is_raised_after_the_answers_before_it(serve: Serve, many: Many, on_error: str) -> None:
    def fail(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        if "7" in request.texts:
            send(TopicError(grpc.StatusCode.INTERNAL, "our fault", reason="INTERNAL", request_id="7f3a"), context)
        return answer(request, context)

    answers = many(serve(TopicService(fail)), _numbers(40), texts_per_call=3, on_error=on_error)
    found, error = _until_error(answers)
    assert (found, str(error)) == (list(_numbers(6)), "INTERNAL: our fault (texts[6] to texts[8])")
    assert isinstance(error, TopicError)
    assert (error.reason, error.request_id) == ("INTERNAL", "7f3a")
    assert isinstance(error.__cause__, grpc.RpcError)


def test_an_error_of_the_source_is_raised_after_the_answers_before_it(topic_server: TopicServer, many: Many) -> None:
    def source() -> Iterator[str]:
        yield from _numbers(20)
        raise OSError("the disk is broken")

    topic_server.topics = _echo
    found, error = _until_error(many(topic_server.address, source(), texts_per_call=10))
    assert (found, str(error)) == (list(_numbers(20)), "the disk is broken")
