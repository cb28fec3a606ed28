"""grpc.health.v1: NOT_SERVING until the model has passed its self-check, SERVING until the drain."""

from __future__ import annotations

from collections.abc import Iterable

import grpc
from grpc_health.v1 import health, health_pb2

from .streams import Streams

HEALTH = health.SERVICE_NAME

_STATUS = health_pb2.HealthCheckResponse


class Health:
    """The health of a server (the service "") and of its services. All have the same status."""

    def __init__(self, services: Iterable[str], streams: Streams) -> None:
        self._names = ("", *services)
        self._servicer = health.aio.HealthServicer()
        self._streams = streams

    def handler(self) -> grpc.GenericRpcHandler:
        """What to register with a server."""
        codec = {
            "request_deserializer": health_pb2.HealthCheckRequest.FromString,
            "response_serializer": _STATUS.SerializeToString,
        }
        methods = {
            "Check": grpc.unary_unary_rpc_method_handler(self._servicer.Check, **codec),
            "Watch": grpc.unary_stream_rpc_method_handler(self._streams.handle(self._servicer.Watch), **codec),
        }
        return grpc.method_handlers_generic_handler(HEALTH, methods)

    async def set_serving(self, serving: bool) -> None:
        """Tells callers and watchers."""
        for name in self._names:
            await self._servicer.set(name, _STATUS.SERVING if serving else _STATUS.NOT_SERVING)
