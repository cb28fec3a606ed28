"""A day of a service in Kubernetes, second by second: what is asked, and the pods that the autoscaler gives it."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from studies.autoscaler import SYNC_SECONDS, Autoscaler, Settings

HOUR = 3600
DAY = 24 * HOUR
HIGH, LOW = 10_000, 100  # At 10 am and at 8 pm, as in the article that the first system was written for.
_HIGH_HOUR, _LOW_HOUR = 10, 20


def gradual(second: int) -> float:
    """Questions a second. Between the two hours the rate changes by the same share in each minute."""
    hour = second / HOUR
    if _HIGH_HOUR <= hour < _LOW_HOUR:
        fallen = (hour - _HIGH_HOUR) / (_LOW_HOUR - _HIGH_HOUR)
    else:
        fallen = 1 - (hour - _LOW_HOUR) % 24 / (_HIGH_HOUR - _LOW_HOUR + 24)
    return HIGH * math.pow(LOW / HIGH, fallen)


def sudden(second: int) -> float:
    """Questions a second. The whole high load comes at once, and goes at once after an hour."""
    return HIGH if _HIGH_HOUR * HOUR <= second < (_HIGH_HOUR + 1) * HOUR else LOW


def hourly(second: int) -> float:
    """Questions a second if the article's figures are those of an hour."""
    return gradual(second) / HOUR


GRADUAL = "10,000/s at 10 am, 100/s at 8 pm"
SUDDEN = "100/s, and 10,000/s from 10 to 11 am"
HOURLY = "10,000 and 100 an hour"
DAYS: dict[str, Callable[[int], float]] = {GRADUAL: gradual, SUDDEN: sudden, HOURLY: hourly}


@dataclass(frozen=True)
class Pod:
    """What a pod can do, and how long it takes until it does it."""

    questions_per_cpu: int  # In a second of CPU time.
    request: int  # CPUs.
    limit: int  # CPUs.
    # From the autoscaler's decision to SERVING: a start takes 1.2 CPU-seconds and the probe looks each second. Without
    # the time for a new node and for an image that the node does not have.
    start_seconds: int = 2
    # From SERVING to the first call: callers notice a new address when the next connection reaches its age.
    unknown_seconds: int = 60


@dataclass(frozen=True)
class Run:
    """What happened in each minute of a day, and what it adds up to."""

    pod: Pod
    rates: list[float]  # Questions a second.
    pods: list[int]  # All pods, and
    answering: list[int]  # those that get calls.
    pod_hours: float
    asked: float
    missed: float  # Questions for which the pods that got calls had no CPU.
    missed_seconds: int


def simulate(settings: Settings, pod: Pod, rate: Callable[[int], float]) -> Run:
    """Runs a day from midnight, with the pods that the load of midnight needs."""
    scaler = Autoscaler(settings)
    first = math.ceil(rate(0) / pod.questions_per_cpu / pod.request / settings.target)
    since = [0] * min(max(first, settings.min_pods), settings.max_pods)  # When each pod gets its first call.
    rates, pods, answering = [], [], []
    pod_seconds, asked, missed, missed_seconds, worked = 0, 0.0, 0.0, 0, 0.0
    for second in range(DAY):
        if second and second % SYNC_SECONDS == 0:
            wanted = scaler.sync(second, len(since), worked / SYNC_SECONDS / len(since) / pod.request)
            ready = second + pod.start_seconds + pod.unknown_seconds
            since = since[:wanted] + [ready] * (wanted - len(since))
            worked = 0.0
        now, able = rate(second), bisect_right(since, second)
        answered = min(now, able * pod.limit * pod.questions_per_cpu)
        worked += answered / pod.questions_per_cpu
        asked, missed, pod_seconds = asked + now, missed + now - answered, pod_seconds + len(since)
        missed_seconds += answered < now
        if second % 60 == 0:
            rates.append(now)
            pods.append(len(since))
            answering.append(able)
    return Run(pod, rates, pods, answering, pod_seconds / HOUR, asked, missed, missed_seconds)
