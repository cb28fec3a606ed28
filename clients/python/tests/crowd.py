"""Many callers of one client at the same time: threads of the synchronous client, or tasks of the asyncio client."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from typing import Any, Protocol

import grpc

from questiontopic import (
    AsyncTopicClient,
    FieldViolation,
    Merging,
    MergingStats,
    Prediction,
    PredictTopicRequest,
    PredictTopicResponse,
    TopicClient,
    TopicConfidences,
)
from questiontopic.testing import MODEL

from .service import refuse


class Crowd(Protocol):
    """Callers that share a client."""

    @property
    def stats(self) -> MergingStats: ...

    def ask(self, *texts: str, **options: Any) -> Future[PredictTopicResponse]: ...

    def close(self) -> None: ...


class Threads:
    def __init__(self, address: str, merging: Merging | None) -> None:
        self._client = TopicClient.plaintext(address, merging=merging)
        self._threads = ThreadPoolExecutor(64)

    @property
    def stats(self) -> MergingStats:
        return self._client.merging_stats

    def ask(self, *texts: str, **options: Any) -> Future[PredictTopicResponse]:
        return self._threads.submit(copy_context().run, partial(self._client.predict_topic, texts, **options))

    def close(self) -> None:
        self._client.close()

    def end(self) -> None:
        self.close()
        self._threads.shutdown()


class Tasks:
    def __init__(self, address: str, merging: Merging | None) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._client = asyncio.run_coroutine_threadsafe(_client(address, merging), self._loop).result()

    @property
    def stats(self) -> MergingStats:
        return self._client.merging_stats

    def ask(self, *texts: str, **options: Any) -> Future[PredictTopicResponse]:
        return asyncio.run_coroutine_threadsafe(self._client.predict_topic(texts, **options), self._loop)

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._client.close(), self._loop).result(30)

    def end(self) -> None:
        self.close()
        assert not asyncio.run_coroutine_threadsafe(_others(), self._loop).result(30), "tasks are left behind"
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _client(address: str, merging: Merging | None) -> AsyncTopicClient:
    return AsyncTopicClient.plaintext(address, merging=merging)


async def _others() -> list[str]:
    """The tasks that are there a moment after the client has been closed."""
    for _ in range(1000):
        await asyncio.sleep(0.001)
        others = [str(task) for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        if not others:
            break
    return others


@contextmanager
def crowd(kind: type[Threads | Tasks], address: str, merging: Merging | None) -> Iterator[Crowd]:
    """The callers of a new client, until the block ends."""
    callers = kind(address, merging)
    try:
        yield callers
    finally:
        callers.end()


def wait_for(callers: Crowd, texts: int) -> None:
    """Returns when so many texts wait in the client."""
    end = time.monotonic() + 20
    while callers.stats.waiting != texts:
        assert time.monotonic() < end, callers.stats
        time.sleep(0.001)


class Gate:
    """Answers a call, with its texts as topics, when the test lets it go. It records each call when it arrives."""

    def __init__(self) -> None:
        self.calls: queue.Queue[tuple[Sequence[str], grpc.ServicerContext]] = queue.Queue()
        self._permits = threading.Semaphore(0)

    def predict(self, request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        self.calls.put((list(request.texts), context))
        while not self._permits.acquire(timeout=0.01):
            if not context.is_active():
                return PredictTopicResponse()
        return echo(request, context)

    def let_go(self, calls: int = 1) -> None:
        self._permits.release(calls)

    def next(self) -> tuple[Sequence[str], grpc.ServicerContext]:
        return self.calls.get(timeout=20)


def echo(request: PredictTopicRequest, _: grpc.ServicerContext) -> PredictTopicResponse:
    """Each text is its own topic."""
    topics = [Prediction(coarse=TopicConfidences(top_topic=text)) for text in request.texts]
    return PredictTopicResponse(predictions=topics, model=MODEL)


def refuse_bad(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
    """Refuses the first text that begins with `bad`, as the server refuses a text that breaks a limit."""
    bad = next((i for i, text in enumerate(request.texts) if text.startswith("bad")), None)
    if bad is not None:
        refuse(context, FieldViolation(f"texts[{bad}]", "must not be bad"))
    return echo(request, context)


def topics(answered: Future[PredictTopicResponse]) -> list[str]:
    return [prediction.coarse.top_topic for prediction in answered.result(30).predictions]
