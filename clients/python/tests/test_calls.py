"""Calls: the requests that are sent, the deadlines and the answers."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from questiontopic import (
    LABEL_LEVEL_FINE,
    LABEL_LEVEL_UNSPECIFIED,
    AsyncTopicClient,
    Prediction,
    PredictTopicRequest,
    PredictTopicResponse,
    TopicClient,
    TopicError,
)
from questiontopic.testing import MODEL

from .callers import Predict
from .conftest import Serve
from .service import TopicService, answer, hold


def test_answers_have_the_order_of_the_texts(serve: Serve, predict: Predict) -> None:
    response = predict(serve(TopicService()), ["What is your salary?", "Who are you?", "Whose salary?"])
    assert [prediction.coarse.top_topic for prediction in response.predictions] == ["NUM", "HUM", "NUM"]
    assert response.model == MODEL


def test_a_request_has_the_given_values(serve: Serve, predict: Predict) -> None:
    service = TopicService()
    address = serve(service)
    predict(address, ["您的工资是多少？"])
    predict(address, (text for text in ("a", "b")), label_level=LABEL_LEVEL_FINE, model="test")
    assert service.requests == [
        PredictTopicRequest(texts=["您的工资是多少？"], label_level=LABEL_LEVEL_UNSPECIFIED),
        PredictTopicRequest(texts=["a", "b"], label_level=LABEL_LEVEL_FINE, model="test"),
    ]
    assert all(agent.startswith("questiontopic-python/") for agent in service.agents)


def test_describe_model(serve: Serve) -> None:
    address = serve(TopicService())

    async def describe() -> object:
        async with AsyncTopicClient.plaintext(address) as client:
            return await client.describe_model(model="test")

    with TopicClient.plaintext(address) as client:
        description = client.describe_model()
        assert (description.model, description.limits.max_texts) == (MODEL, 512)
        assert asyncio.run(describe()) == description
        with pytest.raises(TopicError, match="NOT_FOUND: model other is not loaded"):
            client.describe_model(model="other")


def test_a_call_ends_at_its_deadline(serve: Serve, predict: Predict) -> None:
    def wait(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        hold(context)
        return PredictTopicResponse()

    with pytest.raises(TopicError) as caught:
        predict(serve(TopicService(wait)), ["Who?"], timeout=0.2)
    assert caught.value.code is grpc.StatusCode.DEADLINE_EXCEEDED


@pytest.mark.parametrize(("of_client", "of_call", "deadline"), [(30, None, 30), (30, 90, 90), (90, 30, 30)])
def test_the_calls_deadline_replaces_the_clients(
    serve: Serve, of_client: float, of_call: float | None, deadline: float
) -> None:
    remaining: list[float] = []

    def look(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        remaining.append(context.time_remaining())
        return answer(request, context)

    address = serve(TopicService(look))

    async def predict_aio() -> None:
        async with AsyncTopicClient.plaintext(address, timeout=of_client) as client:
            await client.predict_topic(["Who?"], timeout=of_call)

    with TopicClient.plaintext(address, timeout=of_client) as client:
        client.predict_topic(["Who?"], timeout=of_call)
    asyncio.run(predict_aio())
    assert remaining == pytest.approx([deadline] * 2, abs=20)


def test_an_infinite_deadline_has_not_passed(serve: Serve, predict: Predict) -> None:
    assert predict(serve(TopicService()), ["Who?"], timeout=float("inf")).predictions


def test_answers_may_be_larger_than_grpcs_default(serve: Serve, predict: Predict) -> None:
    def much(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        prediction = Prediction(coarse={"top_topic": "x" * 1000})
        return PredictTopicResponse(predictions=[prediction] * 6000)

    assert predict(serve(TopicService(much)), ["Who?"]).ByteSize() > 5_000_000


def test_a_request_larger_than_the_limit_is_not_sent(serve: Serve, predict: Predict) -> None:
    service = TopicService()
    with pytest.raises(TopicError) as caught:
        predict(serve(service), ["a" * 16 * 1024 * 1024])
    assert caught.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert not service.requests


def test_threads_share_a_client(serve: Serve) -> None:
    together = threading.Barrier(8)

    def meet(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        together.wait(timeout=30)
        return answer(request, context)

    texts = [f"Who earns {i} of salary?" if i % 3 else f"Who is {i}?" for i in range(80)]
    with TopicClient.plaintext(serve(TopicService(meet))) as client, ThreadPoolExecutor(8) as threads:
        responses = list(threads.map(lambda text: client.predict_topic([text], timeout=60), texts))
    topics = [response.predictions[0].coarse.top_topic for response in responses]
    assert topics == ["NUM" if i % 3 else "HUM" for i in range(80)]


def test_tasks_share_a_client(serve: Serve) -> None:
    together = threading.Barrier(8)

    def meet(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        together.wait(timeout=30)
        return answer(request, context)

    async def predict_all(address: str) -> list[PredictTopicResponse]:
        async with AsyncTopicClient.plaintext(address) as client:
            return await asyncio.gather(*(client.predict_topic([f"Who is {i}?"]) for i in range(16)))

    assert len(asyncio.run(predict_all(serve(TopicService(meet))))) == 16
