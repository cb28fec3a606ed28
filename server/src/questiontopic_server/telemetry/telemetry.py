"""Tells the metrics and the access log what happens. Each of the two may be off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from questiontopic_model.topic_model import Probabilities, TopicModel

from ..batcher import Batcher
from .access_log import AccessLog
from .call import CallRecord

if TYPE_CHECKING:  # The library behind it is loaded only if the metrics are on.
    from .metrics import Metrics


class Telemetry:
    """Where the parts of the server report to."""

    def __init__(self, metrics: Metrics | None = None, access_log: AccessLog | None = None) -> None:
        self._metrics, self._access_log = metrics, access_log

    def watch(self, model: TopicModel, batcher: Batcher[Any]) -> None:
        """From now on this model answers, behind this queue."""
        if self._metrics:
            self._metrics.watch(model, batcher)

    def started(self, call: CallRecord) -> None:
        """A call has arrived."""
        if self._metrics:
            self._metrics.started(call)

    def ended(self, call: CallRecord) -> None:
        """A call has an outcome."""
        call.end()
        if self._metrics:
            self._metrics.ended(call)
        if self._access_log:
            self._access_log.write(call)

    def computed(self, model: TopicModel, found: Probabilities, seconds: float) -> None:
        """The model has computed a batch. Called from a thread that computes."""
        if self._metrics:
            self._metrics.computed(model, found, seconds)

    def tls_changed(self, usable: bool) -> None:
        """TLS files have changed. Called from a thread of gRPC."""
        if self._metrics:
            self._metrics.tls_changed(usable)

    def tokens_changed(self, usable: bool) -> None:
        """The file of tokens has changed."""
        if self._metrics:
            self._metrics.tokens_changed(usable)

    def reloaded(self, usable: bool) -> None:
        """A bundle was loaded in place of the one that serves."""
        if self._metrics:
            self._metrics.reloaded(usable)
