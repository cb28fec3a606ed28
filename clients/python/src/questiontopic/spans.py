"""Spans of OpenTelemetry for single calls, for questions that wait, and for the calls that they share.

Only `traces` imports this module, and only in a program that uses OpenTelemetry.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Link, Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from questiontopic.error import TopicError
from questiontopic.traces import Metadata, SharedCall, Wait
from questiontopic.v1 import topic_pb2
from questiontopic.version import VERSION

_SERVICE = topic_pb2.DESCRIPTOR.services_by_name["TopicService"].full_name


@contextmanager
def call_span(method: str, options: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """See `traces`. The server is told of the caller's own span if that does not record."""
    caller = trace.get_current_span()
    if not caller.is_recording():
        yield _telling(options, caller)
        return
    span = _call(caller, method)
    with _ended(span), _current(span):
        yield _telling(options, span)


@contextmanager
def wait_span(texts: int) -> Iterator[Wait]:
    """See `traces`. A caller's span that does not record takes the place of the wait."""
    caller = trace.get_current_span()
    if not caller.is_recording():
        yield caller if caller.get_span_context().is_valid else None
        return
    wait = _tracer().start_span("questiontopic.wait", attributes={"questiontopic.texts": texts})
    with _ended(wait):
        yield wait


class TracedCall(SharedCall):
    """A call for several questions. It is a span below the first wait that records, and linked with all of these."""

    def __init__(self, waits: Sequence[Wait]) -> None:
        recorded = [wait for wait in waits if wait is not None and wait.is_recording()]  # Their callers have not left.
        self._span: Span | None = None
        if not recorded:
            self.metadata = _first(waits)
            return
        self._span = _call(recorded[0], "PredictTopic", [Link(wait.get_span_context()) for wait in recorded])
        for wait in recorded:
            wait.add_link(self._span.get_span_context())
        self.metadata = _metadata(self._span)

    def current(self) -> AbstractContextManager[object]:
        """See `SharedCall`."""
        return nullcontext() if self._span is None else _current(self._span)

    def end(self, outcome: object) -> None:
        """Ends the span."""
        if self._span is not None:
            _end(self._span, outcome if isinstance(outcome, BaseException) else None)


def _first(waits: Sequence[Wait]) -> Metadata:
    """Tells the server of the first caller's own span, because gRPC gives a server one traceparent only."""
    told = _metadata(next(wait for wait in waits if wait is not None))
    return told if len(waits) == 1 else tuple(pair for pair in told if pair[0] == "traceparent")


def _call(parent: Span, method: str, links: Sequence[Link] = ()) -> Span:
    name = f"{_SERVICE}/{method}"
    return _tracer().start_span(
        name,
        trace.set_span_in_context(parent),
        SpanKind.CLIENT,
        attributes={"rpc.system.name": "grpc", "rpc.method": name},
        links=links,
    )


def _tracer() -> trace.Tracer:
    return trace.get_tracer("questiontopic", VERSION)


def _metadata(span: Span) -> Metadata:
    headers: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(headers, trace.set_span_in_context(span))
    return tuple(headers.items())


def _current(span: Span) -> AbstractContextManager[Span]:
    return trace.use_span(span, record_exception=False, set_status_on_exception=False)


def _telling(options: dict[str, Any], span: Span) -> dict[str, Any]:
    return options | {"metadata": options["metadata"] + _metadata(span)}


@contextmanager
def _ended(span: Span) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        _end(span, error)
        raise
    _end(span, None)


def _end(span: Span, error: BaseException | None) -> None:
    if error is None:
        span.set_attribute("rpc.response.status_code", "OK")
    else:
        span.set_attribute("rpc.response.status_code", _code(error))
        span.set_status(StatusCode.ERROR, error.message if isinstance(error, TopicError) else type(error).__name__)
    span.end()


def _code(error: BaseException) -> str:
    if isinstance(error, TopicError):
        return error.code.name
    return "CANCELLED" if isinstance(error, asyncio.CancelledError) else "UNKNOWN"
