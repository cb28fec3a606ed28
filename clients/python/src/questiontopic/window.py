"""Runs several calls at once and yields their answers in order."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeVar

_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")


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
