"""The server's metrics for Prometheus, on a port of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    start_http_server,
)
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from questiontopic.v1 import topic_pb2
from questiontopic_model.topic_model import Probabilities, TopicModel

from ..batcher import Batcher
from .call import CallRecord

_SERVICE = topic_pb2.DESCRIPTOR.services_by_name["TopicService"].full_name
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_TEXTS = (1, 2, 4, 8, 16, 32, 64, 128)
_CONFIDENCES = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
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
        self._topics = Counter(
            "questiontopic_top_topic", "Texts by their most likely coarse topic.", ("topic",), registry=registry
        )
        self._confidence = Histogram(
            "questiontopic_top_confidence",
            "Confidence of the most likely coarse topic.",
            buckets=_CONFIDENCES,
            registry=registry,
        )
        self._tls = _changes("questiontopic_tls_reload", "Changes of the TLS files.", registry)
        self._tokens = _changes("questiontopic_tokens_reload", "Changes of the file of tokens.", registry)
        self._reloads = _changes("questiontopic_reload", "Bundles that were loaded anew.", registry)
        self._serving: _Serving | None = None
        ProcessCollector(registry=registry)

    def serve(self, host: str, port: int) -> int:
        """Answers `/metrics` over HTTP from now on, and returns the port. Raises OSError if it is taken."""
        server, _ = start_http_server(port, host, self._registry)
        return int(server.server_port)

    def watch(self, model: TopicModel, batcher: Batcher[Any]) -> None:
        """Reads the queue of `batcher`, which computes `model`, at each scrape from now on."""
        for label in model.manifest.coarse_labels:
            self._topics.labels(label)
        if self._serving:
            self._registry.unregister(self._serving)
        self._serving = _Serving(model, batcher)
        self._registry.register(self._serving)

    def started(self, call: CallRecord) -> None:
        """A call has arrived."""
        self._started.labels("unary", _SERVICE, call.method).inc()

    def ended(self, call: CallRecord) -> None:
        """A call has an outcome."""
        self._handled.labels("unary", _SERVICE, call.method, call.code).inc()
        self._handling.labels("unary", _SERVICE, call.method).observe(call.seconds)
        if call.timing.begun:
            self._queued.observe(call.timing.queue_seconds)

    def computed(self, model: TopicModel, found: Probabilities, seconds: float) -> None:
        """The model has computed a batch."""
        self._texts.inc(len(found.truncated))
        self._truncated.inc(sum(found.truncated))
        self._batches.observe(len(found.truncated))
        self._computing.observe(seconds)
        for topic, count in enumerate(np.bincount(found.coarse.argmax(axis=1))):
            if count:
                self._topics.labels(model.manifest.coarse_labels[topic]).inc(int(count))
        for confidence in found.coarse.max(axis=1).tolist():
            self._confidence.observe(confidence)

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
        manifest = self._model.manifest
        yield InfoMetricFamily(
            "questiontopic_model",
            "The model that serves.",
            {
                "name": manifest.name,
                "version": manifest.version,
                "digest": manifest.digest,
                "runtime": self._model.runtime,
            },
        )
        yield GaugeMetricFamily("questiontopic_queue_texts", "Texts that wait.", self._batcher.waiting_texts)
        yield _by_reason(
            "questiontopic_refused", "Calls that were not let into the queue.", self._batcher.unanswered.refused
        )
        yield _by_reason(
            "questiontopic_dropped", "Accepted calls that got no answer.", self._batcher.unanswered.dropped
        )


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
