"""Tells the metrics, the access log and the traces what happens. Each of them may be off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from questiontopic_model.topic_model import Probabilities, TopicModel

from ..batcher import Batcher
from ..queue import Timing
from .access_log import AccessLog
from .call import CallRecord

if TYPE_CHECKING:  # The libraries behind them are loaded only if they are on.
    from .metrics import Metrics
    from .traces import Traces


class Telemetry:
    """Where the parts of the server report to."""

    def __init__(
        self, metrics: Metrics | None = None, access_log: AccessLog | None = None, traces: Traces | None = None
    ) -> None:
        self._metrics, self._access_log, self._traces = metrics, access_log, traces

    def watch(self, model: TopicModel, batcher: Batcher[Any]) -> None:
        """From now on this model answers, behind this queue."""
        if self._metrics:
            self._metrics.watch(model, batcher)

    def started(self, call: CallRecord) -> None:
        """A call has arrived."""
        if self._metrics:
            self._metrics.started(call)
        if self._traces:
            self._traces.started(call)

    def ended(self, call: CallRecord) -> None:
        """A call has an outcome."""
        call.end()
        if self._metrics:
            self._metrics.ended(call)
        if self._access_log:
            self._access_log.write(call)
        if self._traces:
            self._traces.ended(call)

    def computed(self, model: TopicModel, found: Probabilities, calls: Sequence[Timing]) -> None:
        """The model has computed a batch for these calls. Called from a thread that computes."""
        if self._metrics:
            self._metrics.computed(model, found)
        if self._traces:
            self._traces.computed(found.steps, len(found.truncated), calls)

    def shadowed_by(self, model: TopicModel) -> None:
        """From now on this model computes as a shadow."""
        if self._metrics:
            self._metrics.shadowed_by(model)

    def compared(self, topics: Sequence[str], shadow_topics: Sequence[str]) -> None:
        """The topics of some texts, by the model that serves and by the shadow. Called from the shadow's thread."""
        if self._metrics:
            self._metrics.compared(topics, shadow_topics)

    def not_compared(self, texts: int) -> None:
        """The shadow left out so many texts. Called from a thread that computes."""
        if self._metrics:
            self._metrics.not_compared(texts)

    def flush(self) -> None:
        """Sends what is to be sent and was not sent yet. This may block for some time."""
        if self._traces:
            self._traces.flush()

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
