"""The server's life, top to bottom: listen, load, self-check, serve, drain."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor

from questiontopic_model.bundle import read_bundle
from questiontopic_model.loading import load_topic_model
from questiontopic_model.topic_model import TopicModel

from .batcher import Batcher, Limits
from .cpus import available
from .health import HEALTH, Health
from .listener import ListenError, listen, undelivered
from .reflection import reflection_handlers
from .responses import Answer, Responses, answers
from .service import SERVICE, TopicService
from .settings import Settings
from .streams import Streams
from .telemetry.access_log import AccessLog
from .telemetry.telemetry import Telemetry

_MAX_WORKERS = 4  # Each takes memory, and a machine may have many CPUs. Replicas scale further.
_QUESTION = 16  # Word pieces of a usual question: four of five in TREC have fewer.
_TEXTS_PER_CALL = 4  # A waiting call needs as much memory as about four texts, so the queue bounds both numbers.
_POLL_SECONDS = 0.02  # The kernel does not tell when an answer has been read, so a drain asks again and again.

_log = logging.getLogger(__name__)


class DrainError(Exception):
    """Accepted calls were cut off. The message is one line that counts them."""


async def serve(settings: Settings) -> None:
    """Serves until a signal asks to stop, then drains. Raises TLSError, ListenError, BundleError or DrainError.

    The sockets stay open and refuse calls until the process ends, which must be at once: gRPC's own way to stop answers
    calls that arrive in that moment with CANCELLED, which nobody retries. A closed connection is UNAVAILABLE. If a
    signal comes while the bundle loads, the load is cut off by the end of the process.
    """
    stop = _signal_to_stop()
    telemetry = _telemetry(settings)
    streams, service = Streams(), TopicService(telemetry)
    health = Health([SERVICE], streams)
    server, address = listen(settings, telemetry)
    server.add_generic_rpc_handlers(
        (service.handler(), health.handler(), *reflection_handlers([SERVICE, HEALTH], streams))
    )
    await health.set_serving(False)
    await server.start()

    workers = settings.workers or min(_MAX_WORKERS, max(1, round(available())))
    threads = [ThreadPoolExecutor(1) for _ in range(workers)]
    loading, stopping = asyncio.create_task(_load(threads[-1], settings)), asyncio.create_task(stop.wait())
    await asyncio.wait([loading, stopping], return_when=asyncio.FIRST_COMPLETED)
    if stop.is_set():
        _log.info("stopped while loading")
        return
    model = await loading
    batcher = _batcher(model, threads, settings, telemetry)
    telemetry.watch(model, batcher)
    service.start(Responses(model), batcher)
    await health.set_serving(True)
    _log.info("serving %s %s on %s (%s)", model.manifest.name, model.manifest.version, address, settings.transport)

    await stopping
    await health.set_serving(False)
    try:
        await _drain(service, streams, settings.drain_timeout)
    finally:
        if unanswered := +(batcher.refused + batcher.dropped):
            _log.info("calls not answered: %s", ", ".join(f"{many} {why}" for why, many in unanswered.items()))
    _log.info("drained")


def _signal_to_stop() -> asyncio.Event:
    """Set by SIGTERM, SIGINT and SIGHUP."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def _load(thread: Executor, settings: Settings) -> TopicModel:
    """The model of the bundle, once its golden texts have come out as recorded."""
    if settings.cache is None:
        _log.info("no home folder: the encoder's table is unpacked into memory; --cache names a folder to keep it in")

    def load() -> TopicModel:
        model = load_topic_model(read_bundle(settings.bundle), settings.runtime, settings.cache, settings.threads)
        model.check_golden()
        gc.collect()
        gc.freeze()  # What was loaded stays, so no later collection needs to look at it.
        return model

    return await asyncio.get_running_loop().run_in_executor(thread, load)


def _telemetry(settings: Settings) -> Telemetry:
    """What the settings ask for. Raises ListenError if the port of the metrics is taken."""
    access_log = None
    if settings.access_log != "off":
        access_log = AccessLog(settings.access_log, with_texts=settings.log_texts)
    if settings.metrics_port is None:
        return Telemetry(access_log=access_log)
    from .telemetry.metrics import Metrics

    metrics = Metrics()
    try:
        port = metrics.serve(settings.host.strip("[]"), settings.metrics_port)
    except OSError as error:
        address = f"{settings.host}:{settings.metrics_port}"
        raise ListenError(f"cannot listen on {address} for metrics: {error.strerror}") from None
    _log.info("metrics on http://%s:%d/metrics", settings.host, port)
    return Telemetry(metrics, access_log)


def _batcher(
    model: TopicModel, threads: Sequence[Executor], settings: Settings, telemetry: Telemetry
) -> Batcher[Answer]:
    """A batcher whose batches are computed by threads: the runtimes release the interpreter's lock."""
    idle = list(threads)

    def compute(texts: Sequence[str]) -> list[Answer]:
        _log.debug("computing %d texts", len(texts))
        began = time.monotonic()
        found = model.predict(texts)
        telemetry.computed(found, time.monotonic() - began)
        return answers(found)

    async def compute_in_thread(texts: Sequence[str]) -> list[Answer]:
        thread = idle.pop()  # The one used last: what it computes with is still in the CPU's caches.
        try:
            return await asyncio.get_running_loop().run_in_executor(thread, compute, texts)
        finally:
            idle.append(thread)

    limits = Limits(
        side_by_side=len(threads),
        max_batch=settings.max_batch * _QUESTION,
        max_queue=settings.max_queue,
        max_calls=settings.max_queue // _TEXTS_PER_CALL,
    )
    return Batcher(compute_in_thread, _weigh(model.max_pieces), limits)


def _weigh(max_pieces: int) -> Callable[[str], int]:
    """How much work a text is, in word pieces: at least as much as a usual question, at most what the model reads."""

    def weigh(text: str) -> int:
        pieces = len(text if text.isascii() else text.encode()) // 4  # In any language a piece has about four bytes.
        return max(_QUESTION, min(pieces, max_pieces) if max_pieces else pieces)

    return weigh


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
