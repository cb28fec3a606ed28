"""A second model that computes a share of the traffic, so that it is judged by real questions before it serves.

Nobody gets its answers. They are compared with those of the model that serves, and counted.
"""

from __future__ import annotations

import logging
import os
import queue
import random
import threading
from collections.abc import Sequence

import numpy as np

from questiontopic_model.topic_model import Probabilities, TopicModel

from .telemetry.telemetry import Telemetry

_MAX_BATCHES = 16  # As many may wait. The model may be many times slower than the one that serves.
_NICE = 19  # The kernel runs the thread with what the model that serves leaves over.

_log = logging.getLogger(__name__)


class Shadow:
    """Computes some of the batches again, in a thread of its own."""

    def __init__(self, share: float, telemetry: Telemetry) -> None:
        """`share`: the fraction of the batches, from 0 to 1."""
        self._share, self._telemetry = share, telemetry
        self._model: TopicModel | None = None
        self._waiting: queue.Queue[tuple[Sequence[str], list[str]]] = queue.Queue(_MAX_BATCHES)
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)

    def start(self, model: TopicModel) -> None:
        """From now on this model computes."""
        self._model = model
        self._telemetry.shadowed_by(model)
        if not self._thread.is_alive():
            self._thread.start()

    def offer(self, texts: Sequence[str], model: TopicModel, found: Probabilities, *, busy: bool) -> None:
        """What `model` has found for a batch. It is not compared if the server is busy or too many batches wait."""
        if self._model is None or random.random() >= self._share:
            return
        try:
            if busy:
                raise queue.Full
            self._waiting.put_nowait((texts, _topics(model, found)))
        except queue.Full:
            self._telemetry.not_compared(len(texts))

    def _run(self) -> None:
        os.nice(_NICE)  # On Linux this concerns the calling thread alone.
        while True:
            texts, topics = self._waiting.get()
            model = self._model
            assert model is not None, "the thread starts with a model"
            try:
                self._telemetry.compared(topics, _topics(model, model.predict(texts)))
            except Exception:  # noqa: BLE001 - a shadow that fails is told of, and harms nobody
                _log.exception("the shadow failed")
                self._telemetry.not_compared(len(texts))


def _topics(model: TopicModel, found: Probabilities) -> list[str]:
    """The most likely coarse topic of each text."""
    return [model.manifest.coarse_labels[best] for best in np.argmax(found.coarse, axis=1).tolist()]
