"""The metrics of what the model answers: the most likely topics, their confidences, and the scores "none of these"."""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Iterator, Sequence
from threading import Lock

import numpy as np
from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from questiontopic_model.runtimes.graph import Floats
from questiontopic_model.topic_model import Probabilities

_CONFIDENCES = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
_SCORES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)


class Predictions(Collector):
    """What the model answers. A batch is counted at once, because counting text by text costs much more."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._topics: Counts[str] = Counts()
        self._confidences = _Histogram(_CONFIDENCES)
        self._scores = _Histogram(_SCORES)

    def add(self, labels: Sequence[str], found: Probabilities) -> None:
        """Counts the answer for a batch. `labels` are the coarse ones."""
        topics = np.bincount(found.coarse.argmax(axis=1), minlength=len(labels)).tolist()
        best = found.coarse.max(axis=1)
        with self._lock:
            self._topics.update(dict(zip(labels, topics, strict=True)))
            self._confidences.add(best)
            if found.none_of_these is not None:
                self._scores.add(found.none_of_these)

    def collect(self) -> Iterator[Metric]:
        """The counts up to now."""
        family = CounterMetricFamily(
            "questiontopic_top_topic", "Texts by their most likely coarse topic.", labels=("topic",)
        )
        with self._lock:
            for topic, count in self._topics.items():
                family.add_metric((topic,), count)
            about = "Confidence of the most likely coarse topic."
            confidences = self._confidences.family("questiontopic_top_confidence", about)
            about = "Score that a text belongs to none of the labels, if the model has this score."
            scores = self._scores.family("questiontopic_none_of_these", about)
        yield from (family, confidences, scores)


class _Histogram:
    """Counts numbers by the lowest of the bounds that each does not exceed."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = np.array(bounds)
        self._bins = np.zeros(len(bounds) + 1, np.int64)
        self._sum = 0.0

    def add(self, values: Floats) -> None:
        self._bins += np.bincount(np.searchsorted(self._bounds, values), minlength=len(self._bins))
        self._sum += float(values.sum())

    def family(self, name: str, about: str) -> Metric:
        names = [*map(str, self._bounds.tolist()), "+Inf"]
        buckets = list(zip(names, self._bins.cumsum().tolist(), strict=True))
        return HistogramMetricFamily(name, about, buckets=buckets, sum_value=self._sum)
