"""Traces by OpenTelemetry: a span for each call, for its wait, and for the batch and the steps that answer it.

The calls of a batch belong to traces of their own. The batch stands in the trace of its first call, and its span and
those of the other calls are linked to each other.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanContext, SpanKind, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from questiontopic_model.topic_model import Step

from .. import __version__
from .call import CallRecord

# The codes that mean a fault of the server, by OpenTelemetry's conventions for gRPC.
_FAULTS = {"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"}


class Traces:
    """Makes spans and hands them to OpenTelemetry's SDK, which sends them from a thread of its own."""

    def __init__(self, provider: TracerProvider, service: str) -> None:
        """`service` is the contract's service, whose calls are traced."""
        self._provider, self._service = provider, service
        self._tracer = provider.get_tracer("questiontopic_server", __version__)
        self._parent = TraceContextTextMapPropagator()

    @staticmethod
    def start(service: str) -> Traces:
        """Sends spans by OTLP over gRPC. Where to, and which of them, say OpenTelemetry's own variables, OTEL_…."""
        name = os.environ.get("OTEL_SERVICE_NAME") or "questiontopic-server"
        provider = TracerProvider(resource=Resource.create({SERVICE_NAME: name, SERVICE_VERSION: __version__}))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return Traces(provider, service)

    def started(self, call: CallRecord) -> None:
        """A call has arrived. Its span belongs to the caller's trace, if there is one."""
        span = self._tracer.start_span(
            f"{self._service}/{call.method}",
            self._parent.extract({"traceparent": call.traceparent, "tracestate": call.tracestate}),
            SpanKind.SERVER,
            {
                "rpc.system.name": "grpc",
                "rpc.method": f"{self._service}/{call.method}",
                "client.address": call.peer,
                "questiontopic.request_id": call.request_id,
            },
            start_time=_time(call.began),
        )
        if span.is_recording():
            call.span = span

    def ended(self, call: CallRecord) -> None:
        """A call has an outcome."""
        span = call.span
        if span is None:
            return
        if call.ended:
            self._step("queue", set_span_in_context(span), call.arrived, call.begun or call.ended)
        span.set_attribute("rpc.response.status_code", call.code)
        span.set_attribute("questiontopic.texts", len(call.texts))
        span.set_attribute("questiontopic.digest", call.digest)
        if call.code in _FAULTS:
            span.set_status(StatusCode.ERROR, call.code)
        span.end(_time(call.began + call.seconds))

    def computed(self, steps: Sequence[Step], texts: int, calls: Sequence[object]) -> None:
        """A batch of so many texts has been computed, for these calls."""
        spans = [call.span for call in calls if isinstance(call, CallRecord) and call.span and call.span.is_recording()]
        if not spans:
            return
        first, others = spans[0], spans[1:]
        batch = self._tracer.start_span(
            "batch",
            set_span_in_context(first),
            attributes={"questiontopic.texts": texts, "questiontopic.calls": len(calls)},
            links=[Link(span.get_span_context()) for span in others],
            start_time=_time(steps[0].began),
        )
        context: SpanContext = batch.get_span_context()
        for span in others:
            span.add_link(context)
        for step in steps:
            self._step(step.name, set_span_in_context(batch), step.began, step.ended)
        batch.end(_time(steps[-1].ended))

    def flush(self) -> None:
        """Sends what was not sent yet."""
        self._provider.force_flush()

    def _step(self, name: str, parent: Any, began: float, ended: float) -> None:
        self._tracer.start_span(name, parent, start_time=_time(began)).end(_time(ended))


def _time(monotonic: float) -> int:
    """A time of `time.monotonic` in nanoseconds since 1970."""
    return time.time_ns() - int((time.monotonic() - monotonic) * 1e9)
