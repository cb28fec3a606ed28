"""The share of right answers, with its confidence interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest


@dataclass(frozen=True)
class Share:
    """`right` of `answers` answers; there is at least one."""

    right: int
    answers: int

    @property
    def value(self) -> float:
        """The share, from 0 to 1."""
        return self.right / self.answers

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of Wilson (1927)."""
        found = binomtest(self.right, self.answers).proportion_ci(0.95, method="wilson")
        return float(found.low), float(found.high)


def share_of(right: npt.NDArray[np.bool_]) -> Share:
    """The share of true values."""
    return Share(int(right.sum()), len(right))
