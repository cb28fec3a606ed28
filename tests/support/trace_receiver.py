"""An OpenTelemetry receiver: a real gRPC server that keeps the spans it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import Queue
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)

_SECONDS = 30.0


class Span:
    """A span as the tests speak of it: identities in hexadecimal digits, attributes as plain values."""

    def __init__(self, sent: Any, service: str) -> None:
        self.name, self.service = sent.name, service
        self.trace, self.number, self.parent = sent.trace_id.hex(), sent.span_id.hex(), sent.parent_span_id.hex()
        self.links = {link.span_id.hex() for link in sent.links}
        self.attributes = {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in sent.attributes}
        self.failed = sent.status.code == sent.status.STATUS_CODE_ERROR
        self.began, self.ended = sent.start_time_unix_nano, sent.end_time_unix_nano


class TraceReceiver(TraceServiceServicer):
    """Keeps spans in the order of their arrival."""

    def __init__(self) -> None:
        self.endpoint = ""
        self.spans: list[Span] = []
        self._arrived: Queue[Span] = Queue()

    def Export(self, request: Any, context: grpc.ServicerContext) -> ExportTraceServiceResponse:  # noqa: N802
        """What OpenTelemetry's exporters call."""
        for resource in request.resource_spans:
            names = [each.value.string_value for each in resource.resource.attributes if each.key == "service.name"]
            for scope in resource.scope_spans:
                for span in scope.spans:
                    self._arrived.put(Span(span, *names))
        return ExportTraceServiceResponse()

    def wait_for(self, enough: Callable[[list[Span]], bool]) -> list[Span]:
        """All spans up to now, once they are enough; queue.Empty if no further one comes."""
        while not enough(self.spans):
            self.spans.append(self._arrived.get(timeout=_SECONDS))
        return self.spans


@contextmanager
def receiving() -> Iterator[TraceReceiver]:
    """A receiver at `endpoint` until the block ends."""
    receiver, server = TraceReceiver(), grpc.server(ThreadPoolExecutor(2))
    add_TraceServiceServicer_to_server(receiver, server)  # type: ignore[no-untyped-call]
    receiver.endpoint = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield receiver
    finally:
        server.stop(None)
