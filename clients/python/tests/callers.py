"""The synchronous and the asyncio client with one signature, so that each test of a call runs with both."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from questiontopic import AsyncTopicClient, PredictTopicResponse, TopicClient


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
