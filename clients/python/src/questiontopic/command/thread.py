"""Runs a blocking function in a daemon thread."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

_Result = TypeVar("_Result")


async def in_daemon_thread(function: Callable[[], _Result]) -> _Result:
    """Like asyncio.to_thread, but a read that never returns does not keep the process alive."""
    future: Future[_Result] = Future()
    # Cancelling the task that waits does not cancel a running future, so the thread can always set its result.
    future.set_running_or_notify_cancel()

    def run() -> None:
        try:
            future.set_result(function())
        except Exception as error:  # noqa: BLE001 - it is raised again in the task that waits
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return await asyncio.wrap_future(future)
