"""The machine, and which of its CPUs a server and the load generator use."""

from __future__ import annotations

import contextlib
import datetime
import os
import platform
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

Started = TypeVar("Started")


@contextlib.contextmanager
def on_cpus(server_cpus: int | None, started: AbstractContextManager[Started]) -> Iterator[Started]:
    """Starts a server on the first `server_cpus` CPUs; what starts later in the block has the other CPUs.

    If the server has all CPUs, or `server_cpus` is None, both share all of them.
    """
    cpus = sorted(os.sched_getaffinity(0))
    try:
        os.sched_setaffinity(0, cpus[:server_cpus])  # Child processes inherit it.
        with started as server:
            os.sched_setaffinity(0, cpus[server_cpus or 0 :] or cpus)
            yield server
    finally:
        os.sched_setaffinity(0, cpus)


def half_of_cpus() -> int:
    """The number of CPUs that a server has which is kept apart from the load generator."""
    return max(1, available_cpus() // 2)


def available_cpus() -> int:
    """The number of CPUs that this process may use."""
    return len(os.sched_getaffinity(0))


def describe_machine() -> dict[str, Any]:
    """Returns what a reader of the figures must know about the machine."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    return {
        "cpu": next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), ""),
        "cores": available_cpus(),
        "python": platform.python_version(),
        "date": datetime.date.today().isoformat(),
    }


def machine_line(machine: dict[str, Any]) -> str:
    """Returns the same as a line of text."""
    return f"{machine['cpu']}, {machine['cores']} shared cores, Python {machine['python']}, {machine['date']}"
