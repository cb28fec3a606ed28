"""What is known of one call. Metrics count it, and the access log writes it."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc

from ..queue import Timing

REQUEST_ID = "x-request-id"
_VALID_ID = re.compile(r"[!-~]{1,128}")  # Printable ASCII without blanks, so that it stays one word of a log line.


@dataclass(slots=True)
class CallRecord:
    """One call of the contract's service. `code` says CANCELLED until the call has another outcome.

    `caller` is empty if the server demands no tokens, or has refused the call's.
    """

    method: str
    peer: str
    request_id: str
    caller: str = ""
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    code: str = "CANCELLED"
    texts: Sequence[str] = ()
    digest: str = ""
    timing: Timing = field(default_factory=Timing)

    @staticmethod
    def of(method: str, context: grpc.aio.ServicerContext[Any, Any]) -> CallRecord:
        """The record of a call that has just arrived. It gets a request id if the caller sent no usable one."""
        sent = next((value for key, value in context.invocation_metadata() or () if key == REQUEST_ID), "")
        usable = isinstance(sent, str) and _VALID_ID.fullmatch(sent)
        return CallRecord(method, context.peer(), str(sent) if usable else uuid.uuid4().hex)

    @property
    def characters(self) -> int:
        """The Unicode code points of all texts together."""
        return sum(map(len, self.texts))

    def end(self) -> None:
        """Sets `seconds`."""
        self.seconds = time.monotonic() - self.began
