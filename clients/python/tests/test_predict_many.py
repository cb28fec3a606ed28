"""`predict_many`: order, bounds, wrong arguments, leaving early and the progress bar."""

from __future__ import annotations

import asyncio
import queue
import subprocess
import sys
import threading
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
)
from questiontopic.bulk.batch import Batch, Level, Row
from questiontopic.bulk.threads import answer as answer_batch
from questiontopic.bulk.threads import in_order
from questiontopic.testing import TopicServer

from .callers import Many
from .conftest import Serve
from .service import TopicService, answer, hold


def _echo(text: str) -> str:
    return f"T{text}"


def _numbers(count: int) -> Iterator[str]:
    return map(str, range(count))


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
