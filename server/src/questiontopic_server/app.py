"""The server's life, top to bottom: listen, load, self-check, serve, drain."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys

from questiontopic_model.bundle import BundleError

from .health import HEALTH, Health
from .host import ModelHost
from .listener import ListenError, listen, undelivered
from .reflection import reflection_handlers
from .security.tokens import Tokens
from .service import SERVICE, TopicService
from .settings import Settings
from .streams import Streams
from .telemetry.access_log import AccessLog
from .telemetry.telemetry import Telemetry

_FLUSH_SECONDS = 2.0
_POLL_SECONDS = 0.02  # The kernel does not tell when an answer has been read, so a drain asks again and again.

_log = logging.getLogger(__name__)


class DrainError(Exception):
    """Accepted calls were cut off. The message is one line that counts them."""


async def serve(settings: Settings) -> None:
    """Serves until a signal asks to stop, then drains.

    Raises TLSError, TokensError, ListenError, BundleError or DrainError.

    The sockets stay open and refuse calls until the process ends, which must be at once: gRPC's own way to stop answers
    calls that arrive in that moment with CANCELLED, which nobody retries. A closed connection is UNAVAILABLE. If a
    signal comes while the bundle loads, the load is cut off by the end of the process.
    """
    stop, reload = _signals()
    telemetry = _telemetry(settings)
    tokens = Tokens(settings.tokens, telemetry.tokens_changed) if settings.tokens else None
    streams, service = Streams(), TopicService(telemetry, tokens)
    health = Health([SERVICE], streams)
    server, address = listen(settings, telemetry)
    reflection = reflection_handlers([SERVICE, HEALTH], streams) if settings.reflection else []
    server.add_generic_rpc_handlers((service.handler(), health.handler(), *reflection))
    await health.set_serving(False)
    await server.start()

    host = ModelHost(settings, service, telemetry)
    loading, stopping = asyncio.create_task(host.load()), asyncio.create_task(stop.wait())
    await asyncio.wait([loading, stopping], return_when=asyncio.FIRST_COMPLETED)
    if stop.is_set():
        _log.info("stopped while loading")
        return
    manifest = await loading
    await health.set_serving(True)
    _log.info("serving %s %s on %s (%s)", manifest.name, manifest.version, address, settings.transport)

    shadowing = asyncio.create_task(host.load_shadow())
    reloading = asyncio.create_task(_reload(host, reload, telemetry))
    await stopping
    shadowing.cancel()
    reloading.cancel()
    await health.set_serving(False)
    try:
        await _drain(service, streams, settings.drain_timeout)
        await _flush(telemetry)
    finally:
        if unanswered := +(host.unanswered.refused + host.unanswered.dropped):
            _log.info("calls not answered: %s", ", ".join(f"{many} {why}" for why, many in unanswered.items()))
    _log.info("drained")


def _signals() -> tuple[asyncio.Event, asyncio.Event]:
    """Two events: SIGTERM and SIGINT set the first one, SIGHUP the second one.

    SIGHUP sets the first one if the log goes to a terminal, because it then means that the terminal was closed.
    """
    loop, stop, reload = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, stop.set if sys.stderr.isatty() else reload.set)
    return stop, reload


async def _reload(host: ModelHost, wanted: asyncio.Event, telemetry: Telemetry) -> None:
    """Loads the bundle anew each time that it is wanted. A bundle that cannot be used changes nothing."""
    while await wanted.wait():
        wanted.clear()
        try:
            manifest = await host.load()
        except BundleError as error:
            _log.error("the bundle was not loaded anew, the former one goes on: %s", error)
            telemetry.reloaded(False)
        else:
            _log.info("serving %s %s from now on", manifest.name, manifest.version)
            telemetry.reloaded(True)
        await host.load_shadow()


def _telemetry(settings: Settings) -> Telemetry:
    """What the settings ask for. Raises ListenError if the port of the metrics is taken."""
    access_log = traces = None
    if settings.access_log != "off":
        access_log = AccessLog(settings.access_log, with_texts=settings.log_texts)
    if settings.traces:
        from .telemetry.traces import Traces

        traces = Traces.start(SERVICE)
    if settings.metrics_port is None:
        return Telemetry(access_log=access_log, traces=traces)
    from .telemetry.metrics import Metrics

    metrics = Metrics()
    try:
        port = metrics.serve(settings.host.strip("[]"), settings.metrics_port)
    except OSError as error:
        address = f"{settings.host}:{settings.metrics_port}"
        raise ListenError(f"cannot listen on {address} for metrics: {error.strerror}") from None
    _log.info("metrics on http://%s:%d/metrics", settings.host, port)
    return Telemetry(metrics, access_log, traces)


async def _flush(telemetry: Telemetry) -> None:
    """Sends the last traces, unless their receiver takes too long."""
    sent = asyncio.get_running_loop().run_in_executor(None, telemetry.flush)
    if (await asyncio.wait([sent], timeout=_FLUSH_SECONDS))[1]:
        _log.warning("the last traces were not sent: their receiver did not answer in %g s", _FLUSH_SECONDS)


async def _drain(service: TopicService, streams: Streams, seconds: float) -> None:
    """Returns when the answers to all accepted calls have arrived. Raises DrainError after so many seconds."""
    _log.info("draining: %d calls in flight", service.in_flight)
    try:
        async with asyncio.timeout(seconds):
            await service.drain()
            await streams.end()
            while undelivered():
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        cut_off = f"{service.in_flight} calls were" if service.in_flight else "answers that nobody reads were"
        raise DrainError(f"{cut_off} cut off: not finished after {seconds:g} s") from None
