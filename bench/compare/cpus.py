"""Which CPUs a server and the load generator have."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager

from hosted import Hosted


@contextlib.contextmanager
def apart(started: AbstractContextManager[Hosted]) -> Iterator[Hosted]:
    """Starts a server on the first half of the CPUs; until the block ends, what else is started has the others.

    Where there is one CPU, both have it.
    """
    cpus = sorted(os.sched_getaffinity(0))
    half = len(cpus) // 2
    try:
        os.sched_setaffinity(0, cpus[:half] or cpus)  # Child processes begin with it.
        with started as server:
            os.sched_setaffinity(0, cpus[half:])
            yield server
    finally:
        os.sched_setaffinity(0, cpus)
