"""How many CPUs this process may use: what its affinity and its control group's quota allow."""

from __future__ import annotations

import os
from pathlib import Path


def available(root: Path = Path("/sys/fs/cgroup")) -> float:
    """CPUs, as a fraction where a quota says so; `root` is where control groups are mounted (version 2, then 1)."""
    return min(float(len(os.sched_getaffinity(0))), _quota(root))


def _quota(root: Path) -> float:
    """As a container sees it: its own group is the root."""
    try:
        quota, period = (root / "cpu.max").read_text("ascii").split()
    except (OSError, ValueError):
        try:
            quota = (root / "cpu" / "cpu.cfs_quota_us").read_text("ascii").strip()
            period = (root / "cpu" / "cpu.cfs_period_us").read_text("ascii").strip()
        except OSError:
            return float("inf")
    try:
        cpus = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return float("inf")  # "max": no quota.
    return cpus if cpus > 0 else float("inf")
