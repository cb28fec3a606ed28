"""Kubernetes' HorizontalPodAutoscaler: what it does with a number of pods and their CPU.

The algorithm, its tolerance and its period, the policies and the stabilization window are those of Kubernetes'
documentation: https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

SYNC_SECONDS = 15  # Default of --horizontal-pod-autoscaler-sync-period.
TOLERANCE = 0.1  # Default of --horizontal-pod-autoscaler-tolerance.


@dataclass(frozen=True)
class Policy:
    """At most `value` pods, or percent of the pods, may come or go within `seconds`."""

    kind: str  # Pods or Percent.
    value: int
    seconds: int


@dataclass(frozen=True)
class Rules:
    """How fast the number of pods may change in one direction. The policy that allows the most change counts."""

    window: int  # Seconds of stabilization.
    policies: tuple[Policy, ...]


@dataclass(frozen=True)
class Settings:
    """The settings of an autoscaler that looks at CPU alone."""

    min_pods: int
    max_pods: int
    target: float  # CPU of a pod, as a share of its request.
    up: Rules
    down: Rules


def read_settings(manifest: Path) -> Settings:
    """Reads an autoscaler's manifest, as far as it is written in the form of deploy/kubernetes.

    Raises ValueError for a field that is not there exactly once.
    """
    text = manifest.read_text("utf-8")
    up, down = text.partition("scaleUp:")[2].partition("scaleDown:")[::2]
    return Settings(
        min_pods=_number(text, "minReplicas"),
        max_pods=_number(text, "maxReplicas"),
        target=_number(text, "averageUtilization") / 100,
        up=_rules(up),
        down=_rules(down),
    )


def _number(text: str, field: str) -> int:
    found = re.findall(rf"\b{field}: (\d+)", text)
    if len(found) != 1:
        raise ValueError(f"{field}: must be there once as `{field}: NUMBER`, is there {len(found)} times")
    return int(found[0])


def _rules(text: str) -> Rules:
    found = re.findall(r"\{type: (\w+), value: (\d+), periodSeconds: (\d+)\}", text)
    if not found or len(found) != text.count("type:"):
        raise ValueError("policies: each must be written as `{type: …, value: NUMBER, periodSeconds: NUMBER}`")
    policies = tuple(Policy(kind, int(value), int(seconds)) for kind, value, seconds in found)
    return Rules(_number(text, "stabilizationWindowSeconds"), policies)


class Autoscaler:
    """One autoscaler over time. It remembers what it recommended and changed in its longest window."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._recommended: list[tuple[int, int]] = []  # Second, pods.
        self._changed: list[tuple[int, int]] = []  # Second, pods that came, or went if negative.
        rules = (settings.up, settings.down)
        self._memory = max(max(each.window, *(policy.seconds for policy in each.policies)) for each in rules)

    def sync(self, second: int, pods: int, utilization: float) -> int:
        """The new number of pods. `utilization` is the mean CPU of the pods as a share of their request."""
        self._recommended = [each for each in self._recommended if each[0] >= second - self._memory]
        self._changed = [each for each in self._changed if each[0] >= second - self._memory]
        ratio = utilization / self._settings.target
        desired = pods if abs(ratio - 1) <= TOLERANCE else math.ceil(pods * ratio)
        desired = self._limited(second, pods, self._stabilized(second, pods, desired))
        if desired != pods:
            self._changed.append((second, desired - pods))
        return desired

    def _stabilized(self, second: int, pods: int, desired: int) -> int:
        """Up to the least, and down to the most, that was recommended in the window of the direction."""
        self._recommended.append((second, desired))
        least = min(self._recent(second, self._settings.up.window))
        most = max(self._recent(second, self._settings.down.window))
        return min(max(pods, least), most)

    def _recent(self, second: int, window: int) -> list[int]:
        return [desired for at, desired in self._recommended if at >= second - window]

    def _limited(self, second: int, pods: int, desired: int) -> int:
        """Not faster than the policies allow, and not outside the limits."""
        settings = self._settings
        if desired > pods:
            desired = min(desired, max(self._limit(each, second, pods, 1) for each in settings.up.policies))
        if desired < pods:
            desired = max(desired, min(self._limit(each, second, pods, -1) for each in settings.down.policies))
        return min(max(desired, settings.min_pods), settings.max_pods)

    def _limit(self, policy: Policy, second: int, pods: int, direction: int) -> int:
        """The number of pods that a policy allows in one direction, 1 for up and -1 for down."""
        recent = [change for at, change in self._changed if at > second - policy.seconds and change * direction > 0]
        before = pods - sum(recent)
        if policy.kind == "Pods":
            return before + direction * policy.value
        share = before * (1 + direction * policy.value / 100)
        return math.ceil(share) if direction > 0 else math.floor(share)
