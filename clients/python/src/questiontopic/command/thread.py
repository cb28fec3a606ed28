"""Runs what blocks in a thread that may stay behind."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

_Result = TypeVar("_Result")


async def in_daemon_thread(function: Callable[[], _Result]) -> _Result:
    """asyncio.to_thread, except that a read which never returns does not hold up the end of the process."""
    future: Future[_Result] = Future()
    # A running future is not cancelled with the task that awaits it, so the thread can always set its outcome.
    future.set_running_or_notify_cancel()

    def run() -> None:
        try:
            future.set_result(function())
        except Exception as error:  # noqa: BLE001 - it is raised where the result is awaited
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return await asyncio.wrap_future(future)
