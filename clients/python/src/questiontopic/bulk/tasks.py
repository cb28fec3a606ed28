"""Bulk calls for asyncio: each of several tasks answers a batch."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable
from typing import TypeVar

from questiontopic.bulk.batch import Batch
from questiontopic.bulk.stream import Stream
from questiontopic.error import TopicError
from questiontopic.v1.topic_pb2 import PredictTopicResponse

_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")


async def answer(call: Callable[[Batch], Awaitable[PredictTopicResponse]], batch: Batch) -> Batch:
    """The batch, answered by as many calls as it takes. Raises TopicError."""
    while batch.texts:
        try:
            batch.answered(await call(batch))
        except TopicError as error:
            await asyncio.sleep(batch.failed(error))
    return batch


def reader(stream: Stream, texts: Iterable[str] | AsyncIterable[str]) -> Callable[[], Awaitable[Batch | None]]:
    """Reads the next batch of the stream; None at the end."""
    if not isinstance(texts, AsyncIterable):
        batches = stream.batches(texts)

        async def read() -> Batch | None:
            return next(batches, None)

        return read
    source = aiter(texts)

    async def read_from_async() -> Batch | None:
        part: list[str] = []
        while len(part) < stream.texts_per_call:
            try:
                part.append(await anext(source))
            except StopAsyncIteration:
                break
        return stream.batch(part)

    return read_from_async


async def in_order(
    read: Callable[[], Awaitable[_Item | None]],
    call: Callable[[_Item], Awaitable[_Answer]],
    limit: int,
) -> AsyncGenerator[_Answer, None]:
    """Yields call(item) for each item that read returns, in the order of reading. read returns None at the end.

    At most limit calls run at once, and read is at most limit items ahead of the answers. An error of read or call is
    raised in its turn, after the answers to all earlier items. Then the running calls are cancelled.
    """
    read_lock = asyncio.Lock()

    async def read_and_call() -> _Answer | None:
        async with read_lock:  # Tasks get this lock, and so their items, in the order in which they were made.
            item = await read()
        return None if item is None else await call(item)

    tasks = deque(asyncio.create_task(read_and_call()) for _ in range(limit))
    try:
        while (answer := await tasks.popleft()) is not None:
            tasks.append(asyncio.create_task(read_and_call()))
            yield answer
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
