"""Which CPUs servers and the load generator have."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def halves() -> Iterator[tuple[list[int], list[int]]]:
    """Two halves of the CPUs, all of them twice if there is one; afterwards this process has its own again."""
    cpus = sorted(os.sched_getaffinity(0))
    half = len(cpus) // 2
    try:
        yield cpus[:half] or cpus, cpus[half:]
    finally:
        os.sched_setaffinity(0, cpus)
