"""Streams that stay open as long as callers like: watchers of the health, and users of reflection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc

Behaviour = Callable[[Any, Any], Awaitable[None] | AsyncIterator[Any]]


class Streams:
    """Ends all open streams, so that they do not hold up a drain and every caller is told why."""

    def __init__(self) -> None:
        self._ending = asyncio.Event()
        self._open: set[asyncio.Task[Any]] = set()

    def handle(self, behaviour: Behaviour) -> Callable[[Any, Any], Awaitable[None]]:
        """The same behaviour, but `end` ends it with UNAVAILABLE."""

        async def handled(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> None:
            tasks = {
                asyncio.create_task(_answer(behaviour, request, context)),
                asyncio.create_task(self._ending.wait()),
            }
            handler = asyncio.current_task()
            assert handler
            self._open.add(handler)
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._open.discard(handler)
                for task in tasks:
                    task.cancel()
            if self._ending.is_set():
                await context.abort(grpc.StatusCode.UNAVAILABLE, "the server is draining; try another one")

        return handled

    async def end(self) -> None:
        """Returns when every open stream has been told."""
        self._ending.set()
        await asyncio.gather(*self._open, return_exceptions=True)


async def _answer(behaviour: Behaviour, request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> None:
    answers = behaviour(request, context)
    if isinstance(answers, AsyncIterator):
        async for answer in answers:
            await context.write(answer)
    else:
        await answers
