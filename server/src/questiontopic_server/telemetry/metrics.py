"""The server's metrics for Prometheus, on a port of their own."""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from operator import eq
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    start_http_server,
)
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from questiontopic.v1 import topic_pb2
from questiontopic_model.topic_model import Probabilities, TopicModel

from ..batcher import Batcher
from .call import CallRecord
from .predictions import Predictions

_CONTRACT = topic_pb2.DESCRIPTOR.services_by_name["TopicService"]
_SERVICE = _CONTRACT.full_name
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_TEXTS = (1, 2, 4, 8, 16, 32, 64, 128)
_CALL_LABELS = ("grpc_type", "grpc_service", "grpc_method")


class Metrics:
    """Counts calls, batches and predictions. Every label has few values: none comes from a caller."""

    def __init__(self) -> None:
        # They would double the lines, and nobody asks when a counter was made.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = registry = CollectorRegistry()
        self._started = Counter("grpc_server_started", "Calls that arrived.", _CALL_LABELS, registry=registry)
        self._handled = Counter(
            "grpc_server_handled", "Calls that ended.", (*_CALL_LABELS, "grpc_code"), registry=registry
        )
        for method in _CONTRACT.methods_by_name:
            # It counts from zero on. A rate does not see the step to a series that is new, so no alert would either.
            self._handled.labels("unary", _SERVICE, method, "INTERNAL")
        self._handling = Histogram(
            "grpc_server_handling_seconds",
            "Time from a call's arrival to its end.",
            _CALL_LABELS,
            buckets=_SECONDS,
            registry=registry,
        )
        self._queued = Histogram(
            "questiontopic_queue_seconds",
            "Time that an accepted call waited for its batch.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._batches = Histogram("questiontopic_batch_texts", "Texts in a batch.", buckets=_TEXTS, registry=registry)
        self._computing = Histogram(
            "questiontopic_compute_seconds", "Time to compute a batch.", buckets=_SECONDS, registry=registry
        )
        self._texts = Counter("questiontopic_texts", "Texts that were computed.", registry=registry)
        self._truncated = Counter(
            "questiontopic_truncated_texts", "Texts whose end the model did not read.", registry=registry
        )
        self._predictions = Predictions()
        registry.register(self._predictions)
        self._tls = _changes("questiontopic_tls_reload", "Changes of the TLS files.", registry)
        self._tokens = _changes("questiontopic_tokens_reload", "Changes of the file of tokens.", registry)
        self._reloads = _changes("questiontopic_reload", "Bundles that were loaded anew.", registry)
        self._shadow = Info("questiontopic_shadow", "The model that computes as a shadow.", registry=registry)
        self._compared = Counter(
            "questiontopic_shadow_texts",
            "Texts that the shadow computed, by the topic that was answered.",
            ("topic", "agrees"),
            registry=registry,
        )
        self._not_compared = Counter(
            "questiontopic_shadow_dropped_texts", "Texts that the shadow left out under load.", registry=registry
        )
        self._serving: _Serving | None = None
        ProcessCollector(registry=registry)

    def serve(self, host: str, port: int) -> int:
        """Answers `/metrics` over HTTP from now on, and returns the port. Raises OSError if it is taken."""
        server, _ = start_http_server(port, host, self._registry)
        return int(server.server_port)

    def watch(self, model: TopicModel, batcher: Batcher[Any]) -> None:
        """Reads the queue of `batcher`, which computes `model`, at each scrape from now on."""
        if self._serving:
            self._registry.unregister(self._serving)
        self._serving = _Serving(model, batcher)
        self._registry.register(self._serving)

    def started(self, call: CallRecord) -> None:
        """A call has arrived."""
        _of(self._started, call.method).inc()

    def ended(self, call: CallRecord) -> None:
        """A call has an outcome."""
        _of(self._handled, call.method, call.code).inc()
        exemplar = {"trace_id": call.trace_id} if call.span else None  # Shown in OpenMetrics.
        _of(self._handling, call.method).observe(call.seconds, exemplar)
        if call.begun:
            self._queued.observe(call.queue_seconds, exemplar)

    def computed(self, model: TopicModel, found: Probabilities) -> None:
        """The model has computed a batch."""
        self._texts.inc(len(found.truncated))
        self._truncated.inc(sum(found.truncated))
        self._batches.observe(len(found.truncated))
        self._computing.observe(found.steps[-1].ended - found.steps[0].began)
        self._predictions.add(model.manifest.coarse_labels, found)

    def shadowed_by(self, model: TopicModel) -> None:
        """From now on this model computes as a shadow."""
        self._shadow.info(_named(model))

    def compared(self, topics: Sequence[str], shadow_topics: Sequence[str]) -> None:
        """The shadow has computed some texts, whose topics may be other ones than those that were answered."""
        for (topic, agrees), texts in Counts(zip(topics, map(eq, topics, shadow_topics), strict=True)).items():
            self._compared.labels(topic, ("no", "yes")[agrees]).inc(texts)

    def not_compared(self, texts: int) -> None:
        """The shadow left out so many texts."""
        self._not_compared.inc(texts)

    def tls_changed(self, usable: bool) -> None:
        """TLS files have changed."""
        self._tls.labels(_result(usable)).inc()

    def tokens_changed(self, usable: bool) -> None:
        """The file of tokens has changed."""
        self._tokens.labels(_result(usable)).inc()

    def reloaded(self, usable: bool) -> None:
        """A bundle was loaded in place of the one that serves."""
        self._reloads.labels(_result(usable)).inc()


class _Serving(Collector):
    """What is read at each scrape: the model that serves, and the queue in front of it."""

    def __init__(self, model: TopicModel, batcher: Batcher[Any]) -> None:
        self._model, self._batcher = model, batcher

    def collect(self) -> Iterator[Metric]:
        """The metrics as they are now."""
        yield InfoMetricFamily("questiontopic_model", "The model that serves.", _named(self._model))
        yield GaugeMetricFamily("questiontopic_queue_texts", "Texts that wait.", self._batcher.waiting_texts)
        yield _by_reason(
            "questiontopic_refused", "Calls that were not let into the queue.", self._batcher.unanswered.refused
        )
        yield _by_reason(
            "questiontopic_dropped", "Accepted calls that got no answer.", self._batcher.unanswered.dropped
        )


@cache
def _of(metric: Any, method: str, *code: str) -> Any:
    """The metric of a method of the service, kept because the library takes longer to find it than to count."""
    return metric.labels("unary", _SERVICE, method, *code)


def _named(model: TopicModel) -> dict[str, str]:
    manifest = model.manifest
    return {
        "name": manifest.name,
        "version": manifest.version,
        "digest": manifest.digest,
        "runtime": model.runtime,
    }


def _changes(name: str, documentation: str, registry: CollectorRegistry) -> Counter:
    counter = Counter(name, documentation, ("result",), registry=registry)
    for usable in (True, False):
        counter.labels(_result(usable))
    return counter


def _result(usable: bool) -> str:
    return "used" if usable else "refused"


def _by_reason(name: str, documentation: str, counts: Mapping[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, documentation, labels=("reason",))
    for reason, count in counts.items():
        family.add_metric((reason,), count)
    return family
