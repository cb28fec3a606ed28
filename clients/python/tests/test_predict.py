"""`predict`: plain values, the levels that a model has, and every kind of column as texts."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
import pytest

from questiontopic import (
    LABEL_LEVEL_BOTH,
    LABEL_LEVEL_COARSE,
    LABEL_LEVEL_FINE,
    AsyncTopicClient,
    FieldViolation,
    PredictTopicRequest,
    PredictTopicResponse,
    TopicClient,
    TopicError,
    Topics,
    TopicsTable,
)
from questiontopic.testing import TopicServer

from .conftest import Serve
from .service import TopicService, answer, refuse

Ask = Callable[..., list[TopicsTable]]


def _sync(address: str, *calls: Any, **options: Any) -> list[TopicsTable]:
    with TopicClient.plaintext(address) as client:
        return [client.predict(texts, **options) for texts in calls]


def _aio(address: str, *calls: Any, **options: Any) -> list[TopicsTable]:
    async def predict() -> list[TopicsTable]:
        async with AsyncTopicClient.plaintext(address) as client:
            return [await client.predict(texts, **options) for texts in calls]

    return asyncio.run(predict())


@pytest.fixture(params=[_sync, _aio], ids=["sync", "aio"])
def ask(request: pytest.FixtureRequest) -> Ask:
    asking: Ask = request.param
    return asking


def test_an_answer_is_plain_values(topic_server: TopicServer, ask: Ask) -> None:
    topic_server.topics = {"How much?": {"NUM:money": 0.5, "NUM:count": 0.25, "HUM:ind": 0.25}, "Who?": "HUM:ind"}
    (table,) = ask(topic_server.address, ["How much?", "Who?"])
    assert table[0] == Topics(
        text="How much?",
        topic="NUM",
        confidence=0.75,
        confidences={"NUM": 0.75, "HUM": 0.25},
        fine_topic="NUM:money",
        fine_confidence=0.5,
        fine_confidences={"NUM:money": 0.5, "NUM:count": 0.25, "HUM:ind": 0.25},
        truncated=False,
        error="",
    )
    assert [topics.topic for topics in table] == ["NUM", "HUM"]
    assert pickle.loads(pickle.dumps(table)) == table
    assert list(table[1:]) == [table[1]]


def test_the_columns_make_a_table(topic_server: TopicServer, ask: Ask) -> None:
    topic_server.topics = {"How much?": "NUM:money", "Who?": "HUM:ind"}
    (table,) = ask(topic_server.address, ["How much?", "Who?"])
    assert table.columns() == {
        "text": ["How much?", "Who?"],
        "topic": ["NUM", "HUM"],
        "confidence": [1.0, 1.0],
        "fine_topic": ["NUM:money", "HUM:ind"],
        "fine_confidence": [1.0, 1.0],
        "truncated": [False, False],
        "none_of_these": [None, None],
        "error": ["", ""],
    }


def test_a_level_that_was_not_asked_for_is_empty(topic_server: TopicServer, ask: Ask) -> None:
    topic_server.topics = {"Who?": "HUM:ind"}
    (coarse,) = ask(topic_server.address, ["Who?"], label_level=LABEL_LEVEL_COARSE, model="test", timeout=30)
    (fine,) = ask(topic_server.address, ["Who?"], label_level=LABEL_LEVEL_FINE)
    assert (coarse[0].topic, coarse[0].fine_topic, coarse[0].fine_confidences) == ("HUM", "", {})
    assert (fine[0].topic, fine[0].confidence, fine[0].fine_topic) == ("", 0.0, "HUM:ind")


def _coarse_only(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
    if request.label_level != LABEL_LEVEL_COARSE:
        refuse(context, FieldViolation("label_level", "must be coarse: the model has no fine labels"))
    return answer(request, context)


def test_a_model_without_fine_labels_gives_coarse_topics(serve: Serve, ask: Ask) -> None:
    service = TopicService(_coarse_only)
    first, second = ask(serve(service), ["Who?"], ["Whose salary?"])
    assert (first[0].topic, first[0].fine_topic, second[0].topic) == ("HUM", "", "NUM")
    assert [request.label_level for request in service.requests] == [
        LABEL_LEVEL_BOTH,
        LABEL_LEVEL_COARSE,
        LABEL_LEVEL_COARSE,  # It need not find out again.
    ]


@pytest.mark.parametrize("level", [LABEL_LEVEL_BOTH, LABEL_LEVEL_FINE])
def test_a_level_that_the_caller_names_is_not_replaced(serve: Serve, ask: Ask, level: int) -> None:
    service = TopicService(_coarse_only)
    with pytest.raises(TopicError, match=r"^INVALID_ARGUMENT: label_level: must be coarse"):
        ask(serve(service), ["Who?"], label_level=level)
    assert len(service.requests) == 1


def test_more_texts_than_a_call_may_have_take_several_calls(topic_server: TopicServer, ask: Ask) -> None:
    topic_server.topics = lambda text: f"T{text}"
    texts = [str(i) for i in range(1300)]
    assert ask(topic_server.address, texts)[0].columns()["topic"] == [f"T{text}" for text in texts]
    assert max(len(request.texts) for request in topic_server.requests) <= 512
    topic_server.requests.clear()
    ask(topic_server.address, texts[:512])
    assert [len(request.texts) for request in topic_server.requests] == [512]


def test_no_texts_have_no_topics(topic_server: TopicServer, ask: Ask) -> None:
    assert len(ask(topic_server.address, [])[0]) == 0
    assert not topic_server.requests


def test_a_busy_server_fails_the_call_at_once(topic_server: TopicServer, ask: Ask) -> None:
    topic_server.error = TopicError(grpc.StatusCode.RESOURCE_EXHAUSTED, "the queue is full", retry_after=0.01)
    with pytest.raises(TopicError, match=r"^RESOURCE_EXHAUSTED: the queue is full$") as caught:
        ask(topic_server.address, ["Who?"])
    assert (caught.value.retry_after, len(topic_server.requests)) == (0.01, 1)
    assert isinstance(caught.value.__cause__, grpc.RpcError)


def test_a_wrong_number_of_answers_is_an_error(serve: Serve, ask: Ask) -> None:
    address = serve(TopicService(lambda request, context: PredictTopicResponse()))
    with pytest.raises(TopicError, match="INTERNAL: the server gave 0 predictions for 1 texts"):
        ask(address, ["Who?"])


def test_a_column_of_numpy_is_texts(topic_server: TopicServer, ask: Ask) -> None:
    topic_server.topics = {"Who?": "HUM", "Whose?": "HUM"}
    columns = [np.array(["Who?", "Whose?"]), np.array(["Who?", "Whose?"], dtype=object)]
    for table in ask(topic_server.address, *columns):
        assert [(topics.text, topics.topic) for topics in table] == [("Who?", "HUM"), ("Whose?", "HUM")]


@pytest.mark.parametrize("texts", ["Who?", b"Who?", None, 5], ids=repr)
def test_one_value_instead_of_a_list_is_a_type_error(ask: Ask, texts: Any) -> None:
    with pytest.raises(TypeError, match=rf"texts must be a list of str, not one {type(texts).__name__}"):
        ask("127.0.0.1:1", texts)
