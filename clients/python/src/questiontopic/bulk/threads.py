"""Bulk calls for `TopicClient`: each of several threads answers a batch."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from threading import Event
from typing import TypeVar

from questiontopic.bulk.batch import Batch
from questiontopic.error import TopicError
from questiontopic.v1.topic_pb2 import PredictTopicResponse

_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")


def answer(call: Callable[[Batch], PredictTopicResponse], batch: Batch, stopped: Event) -> Batch:
    """The batch, answered by as many calls as it takes, or until stopped is set. Raises TopicError."""
    while batch.texts and not stopped.is_set():
        try:
            batch.answered(call(batch))
        except TopicError as error:
            stopped.wait(batch.failed(error))
    return batch


def in_order(items: Iterator[_Item], call: Callable[[_Item, Event], _Answer], limit: int) -> Iterator[_Answer]:
    """Yields call(item, stopped) for each item, in order.

    At most limit calls run at once, in the context of the caller, and items is read at most limit items ahead of the
    answers, in the thread of the caller. An error of items or call is raised in its turn, after the answers to all
    earlier items. stopped is set when nobody waits for an answer any more.
    """
    stopped = Event()
    threads = ThreadPoolExecutor(limit, "questiontopic")
    running: deque[Future[_Answer]] = deque()
    is_open = True
    try:
        while is_open or running:
            if is_open:
                try:
                    running.append(threads.submit(copy_context().run, call, next(items), stopped))
                except StopIteration:
                    is_open = False
                except Exception as error:  # noqa: BLE001 - it is raised in its turn
                    is_open = False
                    running.append(Future())
                    running[-1].set_exception(error)
            if running and (not is_open or len(running) == limit or running[0].done()):
                yield running.popleft().result()
    finally:
        stopped.set()
        threads.shutdown(wait=False, cancel_futures=True)
