"""The server's life, top to bottom: bind, load, check, serve, drain. Wiring only; the work is done elsewhere."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from .batcher import Batcher
from .limits import MAX_MESSAGE_BYTES
from .model import TopicModel, load_topic_model, read_bundle
from .service import SERVICE, TopicService
from .settings import Settings

_log = logging.getLogger(__name__)


class ServeError(Exception):
    """The server cannot start or could not drain; the message is one line for the operator."""


async def serve(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT, then drains; raises ServeError or BundleError if that cannot be done.

    The sockets stay open and refuse calls until the process ends, which must be at once. gRPC's own way to stop would
    answer calls that arrive in that moment with CANCELLED, which no one retries; a closed connection is UNAVAILABLE.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    service, checks = TopicService(), health.aio.HealthServicer()
    server, address = _listen(settings, service, checks)
    await _set_health(checks, health_pb2.HealthCheckResponse.NOT_SERVING)
    await server.start()
    with ThreadPoolExecutor(1, "model") as executor:
        model = await asyncio.get_running_loop().run_in_executor(executor, _load, settings)
        batcher = Batcher(model.predict_each, executor, max_batch=settings.max_batch, max_queue=settings.max_queue)
        batches = asyncio.create_task(batcher.run())
        service.start(model, batcher)
        await _set_health(checks, health_pb2.HealthCheckResponse.SERVING)
        manifest = model.manifest
        _log.info("serving %s %s on %s (%s)", manifest.name, manifest.version, address, _transport(settings))
        await _first(stop, batches)
        await checks.enter_graceful_shutdown()
        try:
            await _drain(service, settings.drain_timeout)
        finally:
            batches.cancel()
    _log.info("drained")


def _load(settings: Settings) -> TopicModel:
    bundle = read_bundle(settings.bundle)
    model = load_topic_model(bundle, settings.runtime, settings.cache.expanduser(), settings.threads)
    model.check_golden()
    return model


def _listen(
    settings: Settings, service: TopicService, checks: health.aio.HealthServicer
) -> tuple[grpc.aio.Server, str]:
    server = grpc.aio.server(
        options=[
            ("grpc.so_reuseport", 0),  # Otherwise a second server on the same port starts silently.
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ]
    )
    server.add_generic_rpc_handlers((service.handler(),))
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    names = (SERVICE, health_pb2.DESCRIPTOR.services_by_name["Health"].full_name, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, server)
    credentials = _credentials(settings)
    wanted = f"{settings.host}:{settings.port}"
    try:
        _try_to_bind(settings.host, settings.port)
        port = server.add_secure_port(wanted, credentials) if credentials else server.add_insecure_port(wanted)
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ServeError(f"cannot listen on {wanted}: {reason}") from None
    return server, f"{settings.host}:{port}"


def _try_to_bind(host: str, port: int) -> None:
    """Raises OSError with the reason if the address cannot be had; gRPC itself would not tell the reason."""
    family, kind, protocol, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def _credentials(settings: Settings) -> grpc.ServerCredentials | None:
    if not (settings.tls_certificate and settings.tls_key):
        return None
    try:
        pair = (settings.tls_key.read_bytes(), settings.tls_certificate.read_bytes())
        authority = settings.tls_client_ca.read_bytes() if settings.tls_client_ca else None
    except OSError as error:
        raise ServeError(f"{error.filename}: {error.strerror}") from None
    return grpc.ssl_server_credentials([pair], authority, require_client_auth=authority is not None)


def _transport(settings: Settings) -> str:
    if not settings.tls_certificate:
        return "plaintext"
    return "mutual TLS" if settings.tls_client_ca else "TLS"


async def _set_health(checks: health.aio.HealthServicer, status: health_pb2.HealthCheckResponse.ServingStatus) -> None:
    for name in ("", SERVICE):
        await checks.set(name, status)


async def _first(stop: asyncio.Event, batches: asyncio.Task[None]) -> None:
    """Waits for the signal to stop; the batcher's end, which is never expected, is raised."""
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({stopping, batches}, return_when=asyncio.FIRST_COMPLETED)
    if batches.done():
        stopping.cancel()
        await batches


async def _drain(service: TopicService, seconds: float) -> None:
    _log.info("draining: %d calls in flight", service.in_flight)
    try:
        await asyncio.wait_for(service.drain(), seconds)
    except TimeoutError:
        raise ServeError(f"{service.in_flight} calls were cut off: not finished after {seconds:g} s") from None
