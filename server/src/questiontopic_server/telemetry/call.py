"""What is known of one call. Metrics count it, the access log writes it, and traces show it."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc

from ..queue import Timing

if TYPE_CHECKING:  # The library is loaded only if traces are on.
    from opentelemetry.trace import Span

REQUEST_ID = "x-request-id"
_VALID_ID = re.compile(r"[!-~]{1,128}")  # Printable ASCII without blanks, so that it stays one word of a log line.
# A client that asks the questions of several callers in one call sends the ids of all. They come back in the metadata
# of the answer, which the caller's gRPC refuses beyond 8 KiB.
_MAX_IDS = 2_048
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")  # W3C Trace Context, version 00.


@dataclass(slots=True)
class CallRecord(Timing):
    """One call of the contract's service. `code` says CANCELLED until the call has another outcome.

    `caller` is empty if the server demands no tokens, or has refused the call's. `traceparent` and `tracestate` are the
    caller's trace context, empty without one.
    """

    method: str
    peer: str
    request_id: str
    traceparent: str = ""
    tracestate: str = ""
    caller: str = ""
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    code: str = "CANCELLED"
    texts: Sequence[str] = ()
    digest: str = ""
    span: Span | None = None

    @staticmethod
    def of(method: str, context: grpc.aio.ServicerContext[Any, Any]) -> CallRecord:
        """The record of a call that has just arrived. It gets a request id if the caller sent no usable one."""
        sent = tuple(context.invocation_metadata() or ())
        request_id = ",".join(filter(_VALID_ID.fullmatch, _values(sent, REQUEST_ID)))[:_MAX_IDS] or uuid.uuid4().hex
        traceparent = next(filter(_TRACEPARENT.fullmatch, _values(sent, "traceparent")), "")
        return CallRecord(method, context.peer(), request_id, traceparent, ",".join(_values(sent, "tracestate")))

    @property
    def trace_id(self) -> str:
        """The number of the trace that the call belongs to, 32 hexadecimal digits; empty if it belongs to none."""
        if self.span:
            return f"{self.span.get_span_context().trace_id:032x}"
        return self.traceparent.split("-")[1] if self.traceparent else ""

    @property
    def characters(self) -> int:
        """The Unicode code points of all texts together."""
        return sum(map(len, self.texts))

    def end(self) -> None:
        """Sets `seconds`."""
        self.seconds = time.monotonic() - self.began


def _values(metadata: Sequence[tuple[str, str | bytes]], name: str) -> Iterator[str]:
    return (value for key, value in metadata if key == name and isinstance(value, str))
