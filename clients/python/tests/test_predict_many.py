"""`predict_many`: order, bounds, waiting for a busy server, and texts that cannot be answered."""

from __future__ import annotations

import asyncio
import queue
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc
import pytest

from questiontopic import (
    AsyncTopicClient,
    PredictTopicRequest,
    PredictTopicResponse,
    TopicClient,
    TopicError,
    Topics,
)
from questiontopic.bulk.batch import MAX_ATTEMPTS, Batch, Level, Row
from questiontopic.bulk.threads import answer as answer_batch
from questiontopic.bulk.threads import in_order
from questiontopic.testing import TopicServer, send

from .callers import Many
from .command import run
from .conftest import Serve
from .service import TopicService, answer, hold, refuse_bad

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


def test_any_number_of_texts_is_answered_in_order(topic_server: TopicServer, many: Many) -> None:
    topic_server.topics = _echo
    found = [(topics.text, topics.topic) for topics in many(topic_server.address, _numbers(1003))]
    assert found == [(text, f"T{text}") for text in _numbers(1003)]
    assert sorted(len(request.texts) for request in topic_server.requests) == [43, *[64] * 15]
    assert list(many(topic_server.address, [])) == []


def test_order_is_kept_when_later_calls_are_answered_first(topic_server: TopicServer, many: Many) -> None:
    fourth = threading.Event()

    def late(text: str) -> str:
        if text == "3":
            fourth.set()
        assert fourth.wait(timeout=30), "the fourth call was not sent while the others waited"
        return _echo(text)

    topic_server.topics = late
    answers = many(topic_server.address, _numbers(40), texts_per_call=1, timeout=60)
    assert [topics.topic for topics in answers] == [f"T{text}" for text in _numbers(40)]


@pytest.mark.parametrize(("texts_per_call", "in_flight"), [(1, 1), (10, 3)])
def test_reading_is_bounded(topic_server: TopicServer, many: Many, texts_per_call: int, in_flight: int) -> None:
    topic_server.topics = _echo
    read = 0

    def endless() -> Iterator[str]:
        nonlocal read
        while True:
            read += 1
            yield str(read)

    answers = many(topic_server.address, endless(), texts_per_call=texts_per_call, in_flight=in_flight)
    ahead = []
    for number in range(1, 200):
        assert next(answers).text == str(number)
        ahead.append(read - number)
    answers.close()  # type: ignore[attr-defined]
    assert max(ahead) < texts_per_call * (in_flight + 1)


def test_asynchronous_texts_are_answered(topic_server: TopicServer) -> None:
    topic_server.topics = _echo

    async def texts() -> AsyncIterator[str]:
        for text in _numbers(150):
            await asyncio.sleep(0)
            yield text

    async def predict() -> list[str]:
        async with AsyncTopicClient.plaintext(topic_server.address) as client:
            return [topics.topic async for topics in client.predict_many(texts())]

    assert asyncio.run(predict()) == [f"T{text}" for text in _numbers(150)]
    assert sorted(len(request.texts) for request in topic_server.requests) == [22, 64, 64]


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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"texts_per_call": 0}, "texts_per_call must be from 1 to 512, not 0"),
        ({"texts_per_call": 513}, "texts_per_call must be from 1 to 512, not 513"),
        ({"in_flight": 0}, "in_flight must be from 1 to 1024, not 0"),
        ({"in_flight": 1025}, "in_flight must be from 1 to 1024, not 1025"),
        ({"on_error": "ignore"}, 'on_error must be "stop" or "skip", not \'ignore\''),
    ],
)
def test_a_wrong_argument_is_named_at_once(options: dict[str, Any], message: str) -> None:
    async def predict_aio() -> None:
        async with AsyncTopicClient.plaintext("127.0.0.1:1") as client:
            client.predict_many([], **options)

    with pytest.raises(ValueError, match=message), TopicClient.plaintext("127.0.0.1:1") as client:
        client.predict_many([], **options)
    with pytest.raises(ValueError, match=message):
        asyncio.run(predict_aio())


def test_leaving_early_ends_the_calls(serve: Serve, many: Many) -> None:
    held, ended = threading.Semaphore(0), threading.Semaphore(0)

    def wait(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        if request.texts[0] == "0":
            return answer(request, context)
        held.release()
        hold(context)
        ended.release()
        return PredictTopicResponse()

    answers = many(serve(TopicService(wait)), _numbers(10), texts_per_call=1, in_flight=2, timeout=600)
    assert next(answers).text == "0"
    assert held.acquire(timeout=30)
    answers.close()  # type: ignore[attr-defined]
    assert ended.acquire(timeout=30)


def test_leaving_early_tells_the_threads() -> None:
    started, told = threading.Event(), queue.Queue[bool]()

    def call(number: int, stopped: threading.Event) -> int:
        if number == 0:
            assert started.wait(timeout=30)
        else:
            started.set()
            told.put(stopped.wait(timeout=30))
        return number

    answers = in_order(iter([0, 1]), call, 2)
    assert next(answers) == 0
    answers.close()  # type: ignore[attr-defined]
    assert told.get(timeout=60)


def test_a_thread_that_is_told_ends_its_wait_for_a_busy_server() -> None:
    stopped = threading.Event()

    def call(batch: Batch) -> PredictTopicResponse:
        threading.Thread(target=stopped.set).start()
        raise TopicError(grpc.StatusCode.RESOURCE_EXHAUSTED, "busy", retry_after=3600)

    batch = Batch([Row(0, "Who?")], Level())
    assert answer_batch(call, batch, stopped).texts == ["Who?"]


def test_a_progress_bar_counts_the_texts(
    topic_server: TopicServer, many: Many, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tqdm")
    topic_server.topics = _echo
    assert len(list(many(topic_server.address, list(_numbers(70)), progress=True))) == 70
    assert "70/70" in capsys.readouterr().err
    assert len(list(many(topic_server.address, _numbers(70), progress=True))) == 70
    assert "70 texts" in capsys.readouterr().err


def test_without_a_progress_bar_tqdm_is_not_imported(topic_server: TopicServer) -> None:
    topic_server.topics = _echo
    program = f"""
import sys
from questiontopic import TopicClient
with TopicClient.plaintext("{topic_server.address}") as client:
    print(len(list(client.predict_many(["Who?"]))), "tqdm" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("1 False\n", "")
