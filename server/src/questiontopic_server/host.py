"""The model that answers: loaded from its bundle, computed by threads, and replaced while the server runs."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from questiontopic_model.bundle import BundleError, read_bundle
from questiontopic_model.bundle.manifest import Manifest
from questiontopic_model.loading import load_topic_model
from questiontopic_model.topic_model import TopicModel

from .batcher import Batcher, Limits, Unanswered
from .cpus import available
from .queue import Timing
from .responses import Answer, Responses, answers
from .service import TopicService
from .settings import Settings
from .shadow import Shadow
from .telemetry.telemetry import Telemetry

_MAX_WORKERS = 4  # Each takes memory, and a machine may have many CPUs. Replicas scale further.
_QUESTION = 16  # Word pieces of a usual question: four of five in TREC have fewer.
_TEXTS_PER_CALL = 4  # A waiting call needs as much memory as about four texts, so the queue bounds both numbers.

_log = logging.getLogger(__name__)


class ModelHost:
    """Gives `service` a model to answer with, and a newer one at each further `load`."""

    def __init__(self, settings: Settings, service: TopicService, telemetry: Telemetry) -> None:
        workers = settings.workers or min(_MAX_WORKERS, max(1, round(available())))
        self._settings, self._service, self._telemetry = settings, service, telemetry
        self._threads = [ThreadPoolExecutor(1) for _ in range(workers)]
        self._loader = ThreadPoolExecutor(1)
        self.unanswered = Unanswered()

        self._serving: Batcher[Answer] | None = None
        self._shadow = Shadow(settings.shadow_share, telemetry) if settings.shadow else None

    async def load(self) -> Manifest:
        """Loads the bundle beside the model that answers, and then lets it answer. Raises BundleError.

        Calls that wait for the former model are still answered by it.
        """
        model = await self._loaded(self._settings.bundle)
        self._serving = self._batcher(model)
        self._telemetry.watch(model, self._serving)
        self._service.start(Responses(model), self._serving)
        return model.manifest

    async def load_shadow(self) -> None:
        """Loads the shadow's bundle, if there is one. If that fails, the log tells it and everything else goes on."""
        if self._shadow is None or self._settings.shadow is None:
            return
        try:
            model = await self._loaded(self._settings.shadow)
        except BundleError as error:
            _log.error("the shadow was not loaded: %s", error)
        else:
            self._shadow.start(model)
            _log.info("shadow: %s %s", model.manifest.name, model.manifest.version)

    async def _loaded(self, bundle: Path) -> TopicModel:
        return await asyncio.get_running_loop().run_in_executor(self._loader, _checked_model, self._settings, bundle)

    def _batcher(self, model: TopicModel) -> Batcher[Answer]:
        """A batcher whose batches are computed by threads: the runtimes release the interpreter's lock."""
        idle = list(self._threads)

        def compute(texts: Sequence[str], calls: Sequence[Timing]) -> list[Answer]:
            _log.debug("computing %d texts", len(texts))
            found = model.predict(texts)
            self._telemetry.computed(model, found, calls)
            if self._shadow:
                self._shadow.offer(texts, model, found, busy=self._busy())
            return answers(found)

        async def compute_in_thread(texts: Sequence[str], calls: Sequence[Timing]) -> list[Answer]:
            thread = idle.pop()  # The one used last: what it computes with is still in the CPU's caches.
            try:
                return await asyncio.get_running_loop().run_in_executor(thread, compute, texts, calls)
            finally:
                idle.append(thread)

        max_queue = self._settings.max_queue
        limits = Limits(
            side_by_side=len(self._threads),
            max_batch=self._settings.max_batch * _QUESTION,
            max_queue=max_queue,
            max_calls=max_queue // _TEXTS_PER_CALL,
        )
        return Batcher(compute_in_thread, _weigh(model.max_pieces), limits, self.unanswered)

    def _busy(self) -> bool:
        """Whether more texts wait than the next batch takes."""
        return self._serving is not None and self._serving.waiting_texts > self._settings.max_batch


def _checked_model(settings: Settings, bundle: Path) -> TopicModel:
    """The model of a bundle, once its golden texts have come out as recorded."""
    if settings.cache is None:
        _log.info("no home folder: the encoder's table is unpacked into memory; --cache names a folder to keep it in")
    model = load_topic_model(read_bundle(bundle), settings.runtime, settings.cache, settings.threads)
    model.check_golden()
    gc.unfreeze()  # What a former model has left.
    gc.collect()
    gc.freeze()  # What was loaded stays, so no later collection needs to look at it.
    return model


def _weigh(max_pieces: int) -> Callable[[str], int]:
    """How much work a text is, in word pieces: at least as much as a usual question, at most what the model reads."""

    def weigh(text: str) -> int:
        pieces = len(text if text.isascii() else text.encode()) // 4  # In any language a piece has about four bytes.
        return max(_QUESTION, min(pieces, max_pieces) if max_pieces else pieces)

    return weigh
