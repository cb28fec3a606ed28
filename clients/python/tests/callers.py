"""The synchronous and the asyncio client with one signature, so that each test of a call runs with both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from contextlib import aclosing
from typing import Any, Protocol, cast

from questiontopic import AsyncTopicClient, PredictTopicResponse, TopicClient, Topics


class Predict(Protocol):
    """Calls predict_topic once with a new client, which uses plaintext unless there are arguments for `tls`."""

    def __call__(
        self, address: str, texts: Iterable[str], *, tls: Mapping[str, Any] | None = None, **options: Any
    ) -> PredictTopicResponse: ...


def predict_sync(
    address: str, texts: Iterable[str], *, tls: Mapping[str, Any] | None = None, **options: Any
) -> PredictTopicResponse:
    with TopicClient.plaintext(address) if tls is None else TopicClient.tls(address, **tls) as client:
        return client.predict_topic(texts, **options)


def predict_aio(
    address: str, texts: Iterable[str], *, tls: Mapping[str, Any] | None = None, **options: Any
) -> PredictTopicResponse:
    async def predict() -> PredictTopicResponse:
        client = AsyncTopicClient.plaintext(address) if tls is None else AsyncTopicClient.tls(address, **tls)
        async with client:
            return await client.predict_topic(texts, **options)

    return asyncio.run(predict())


class Many(Protocol):
    """Calls predict_many with a new client, which is closed with the iterator."""

    def __call__(self, address: str, texts: Any, **options: Any) -> Iterator[Topics]: ...


def many_sync(address: str, texts: Any, **options: Any) -> Iterator[Topics]:
    with TopicClient.plaintext(address) as client:
        yield from client.predict_many(texts, **options)


def many_aio(address: str, texts: Any, **options: Any) -> Iterator[Topics]:
    async def predict() -> AsyncGenerator[Topics]:
        async with AsyncTopicClient.plaintext(address) as client:
            answers = cast(AsyncGenerator[Topics], client.predict_many(texts, **options))
            async with aclosing(answers):
                async for topics in answers:
                    yield topics

    with asyncio.Runner() as runner:
        answers = predict()
        try:
            while (topics := runner.run(_next(answers))) is not None:
                yield topics
        finally:
            runner.run(answers.aclose())


async def _next(answers: AsyncGenerator[Topics]) -> Topics | None:
    return await anext(answers, None)
