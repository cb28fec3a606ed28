"""What the calls came to, and what the contract does not promise."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Set
from typing import TypeVar

from questiontopic import TopicError
from questiontopic.translation import ClientState, topic_errors

SECONDS = 120.0  # What a call gets that is not meant to expire: time enough, also for a server that hardly gets a CPU.
OK = frozenset({"OK"})
# The server's own refusals of a call that has time. It knows the call, so it names the call's id or says when to retry.
BUSY = frozenset({"RESOURCE_EXHAUSTED with RetryInfo", "DEADLINE_EXCEEDED"})
# The caller's clock ended the call. With all of its `SECONDS`, the call was lost: the server never answered.
EXPIRED = frozenset({"DEADLINE_EXCEEDED without the server"})

_GRACE_SECONDS = 20.0  # After its deadline, a call without a status is lost too.
_NONE = "no status"
_SHOWN = 5  # Faults of a kind that are kept in words. The others are counted.

T = TypeVar("T")


class Tally:
    """Counts calls by kind and status, and remembers the faults."""

    def __init__(self) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        self.faults: list[str] = []
        self.faulty: Counter[str] = Counter()

    def fault(self, kind: str, what: str) -> None:
        """Notes something that must not happen."""
        self.faulty[kind] += 1
        if self.faulty[kind] <= _SHOWN:
            self.faults.append(f"{kind}: {what}")

    async def settle(self, kind: str, call: Awaitable[T], promised: Set[str]) -> T | None:
        """Waits for a call and notes its status, which must be promised. The answer, or None if there is none."""
        answer, status, message = None, "OK", ""
        try:
            async with asyncio.timeout(SECONDS + _GRACE_SECONDS):
                with topic_errors(ClientState()):
                    answer = await call
        except TimeoutError:
            status = _NONE
        except TopicError as error:
            status, message = _status(error), str(error)
            if error.retry_after:
                await asyncio.sleep(min(error.retry_after, 1.0))
        self.calls[kind, status] += 1
        if status not in promised:
            self.fault(
                kind,
                f"{'the call was lost' if status in EXPIRED | {_NONE} else f'{status} is not promised'} ({message})",
            )
        return answer


def _status(error: TopicError) -> str:
    """The code, and what else the contract promises with it."""
    code = error.code.name
    if error.reason:
        return f"{code} {error.reason}"
    if error.retry_after is not None:
        return f"{code} with RetryInfo"
    if code == "DEADLINE_EXCEEDED" and not error.request_id:
        return f"{code} without the server"
    return code
