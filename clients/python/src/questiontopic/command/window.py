"""Many calls at once, their answers in order."""

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
    """Yields call(item) for each item of read, which returns None at the end, in the order in which they were read.

    At most limit calls run at once and read is never more than limit items ahead of the answers. What read or call
    raises comes in its turn, after the answers to all earlier items; then the calls under way are cancelled.
    """
    turn = asyncio.Lock()

    async def slot() -> _Answer | None:
        async with turn:  # granted first come, first served, so slots get items in the order in which they were made
            item = await read()
        return None if item is None else await call(item)

    slots = deque(asyncio.create_task(slot()) for _ in range(limit))
    try:
        while (answer := await slots.popleft()) is not None:
            slots.append(asyncio.create_task(slot()))
            yield answer
    finally:
        for task in slots:
            task.cancel()
        await asyncio.gather(*slots, return_exceptions=True)
