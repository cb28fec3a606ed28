"""The server's life, top to bottom: bind, load, check, serve, drain. Wiring only; the work is done elsewhere."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Sequence
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from .answers import Answer
from .batcher import Batcher, FunctionEnded
from .listening import listen, transport
from .model import BundleError
from .model_process import ModelOptions, ModelProcess, start_model_process
from .processors import available
from .service import SERVICE, TopicService
from .settings import Settings

_MOST_WORKERS = 4
_END_SECONDS = 5.0  # From the end of its socket to that of the process.

_log = logging.getLogger(__name__)


class DrainError(Exception):
    """Accepted calls were cut off; the message is one line that counts them."""


async def serve(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT, then drains; raises ListenError, BundleError or DrainError if that fails.

    The sockets stay open and refuse calls until the process ends, which must be at once: gRPC's own way to stop would
    answer calls that arrive in that moment with CANCELLED, which no one retries; a closed connection is UNAVAILABLE.
    A load that the signal interrupts may still be running then.
    """
    stop = _signal_to_stop()
    service, checks = TopicService(), health.aio.HealthServicer()
    server, address = listen(settings)
    processes: list[ModelProcess] = []
    try:
        for _ in range(settings.workers or _workers()):
            processes.append(await start_model_process(_options(settings)))
        _register(server, service, checks)
        await _set_health(checks, health_pb2.HealthCheckResponse.NOT_SERVING)
        await server.start()
        load = asyncio.gather(*(process.load() for process in processes))
        await _first(stop, load)
        if stop.done():
            _log.info("stopped while loading")
            return
        loaded, *others = await load
        if any(other.manifest.digest != loaded.manifest.digest for other in others):
            raise BundleError(f"{settings.bundle}: changed while it was loaded")
        batcher = Batcher[Answer](max_batch=settings.max_batch, max_queue=settings.max_queue)
        batches = asyncio.gather(*(batcher.run(process.predict) for process in processes))
        ended = [asyncio.create_task(process.ended()) for process in processes]
        service.start(loaded, batcher)
        await _set_health(checks, health_pb2.HealthCheckResponse.SERVING)
        manifest = loaded.manifest
        _log.info("serving %s %s on %s (%s)", manifest.name, manifest.version, address, transport(settings))
        await _first(stop, batches, *ended)
        await checks.enter_graceful_shutdown()
        await _drain(service, batcher, settings.drain_timeout)
        await _check_alive(batches, ended)
        batches.cancel()
    finally:
        for process in processes:
            process.kill()
    _log.info("drained")


def _signal_to_stop() -> asyncio.Future[None]:
    """Done at the first SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stop: asyncio.Future[None] = loop.create_future()

    def signalled() -> None:
        if not stop.done():
            stop.set_result(None)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, signalled)
    return stop


async def _first(*waiting: asyncio.Future[Any]) -> None:
    """Waits until one of them is done."""
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)


def _workers() -> int:
    """One CPU is for the calls; a ceiling, because each takes memory and a node may have many CPUs."""
    return min(_MOST_WORKERS, max(1, round(available()) - 1))


def _options(settings: Settings) -> ModelOptions:
    cache = settings.cache.expanduser()
    return ModelOptions(settings.bundle, settings.runtime, cache, settings.threads, settings.log_level)


def _register(server: grpc.aio.Server, service: TopicService, checks: health.aio.HealthServicer) -> None:
    server.add_generic_rpc_handlers((service.handler(),))
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    names = (SERVICE, health_pb2.DESCRIPTOR.services_by_name["Health"].full_name, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, server)


async def _set_health(checks: health.aio.HealthServicer, status: health_pb2.HealthCheckResponse.ServingStatus) -> None:
    for name in ("", SERVICE):
        await checks.set(name, status)


async def _drain(service: TopicService, batcher: Batcher[Answer], seconds: float) -> None:
    _log.info("draining: %d calls in flight", service.in_flight)
    try:
        await asyncio.wait_for(service.drain(), seconds)
    except TimeoutError:
        raise DrainError(f"{service.in_flight} calls were cut off: not finished after {seconds:g} s") from None
    finally:
        if batcher.dropped:
            _log.info("calls not computed: %s", ", ".join(f"{many} {why}" for why, many in batcher.dropped.items()))


async def _check_alive(batches: asyncio.Future[Any], ended: Sequence[asyncio.Task[int]]) -> None:
    """Raises BundleError if a process has ended, and what a batch raised if it is no consequence of that."""
    if batches.done() and not isinstance(batches.exception(), FunctionEnded):
        await batches
    if batches.done() or any(end.done() for end in ended):
        done, _ = await asyncio.wait(ended, timeout=_END_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        codes = ", ".join(str(end.result()) for end in done)
        raise BundleError(f"a process of the model ended with exit code {codes}")
