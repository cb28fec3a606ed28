"""Goes on after the server was away for a while."""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator

import grpc

from questiontopic.error import TopicError
from questiontopic.label.row import Row
from questiontopic.topics import Topics

Ask = Callable[[Iterator[str]], Iterator[Topics]]
"""Answers texts in their order, over a new connection."""

# Other codes do not become better by waiting.
_PASSING = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.DEADLINE_EXCEEDED)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 5.0  # Seconds between attempts.


class Patience:
    """How long a job waits for a server that does not answer."""

    def __init__(self, seconds: float, note: Callable[[str], None]) -> None:
        self._seconds, self._note = seconds, note

    def answered(self, rows: Iterator[Row], ask: Ask) -> Generator[tuple[Row, Topics], None, None]:
        """Each row with its topics. Holds the rows that ask has read and not answered.

        Raises TopicError once no row has been answered for the time that patience lasts, or at once for an error that
        waiting does not change.
        """
        asked: deque[Row] = deque()

        def texts(again: Iterable[Row]) -> Iterator[str]:
            for row in again:
                yield row.text
            for row in rows:
                asked.append(row)
                yield row.text

        failed_at, pause = None, _FIRST_PAUSE
        while True:
            try:
                for topics in ask(texts(tuple(asked))):
                    failed_at, pause = None, _FIRST_PAUSE
                    yield asked.popleft(), topics
                return
            except TopicError as error:
                now = time.monotonic()
                if failed_at is None:
                    failed_at = now
                    if error.code in _PASSING and self._seconds:
                        self._note(f"{error}; trying again for {self._seconds:g} seconds")
                if error.code not in _PASSING or now - failed_at + pause > self._seconds:
                    raise
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
