"""The front: the program that answers gRPC calls for the model's process. This one becomes it.

It is written in Go (`server/front`), because a call costs Python's gRPC as much as the model: see docs/profile.md.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import sysconfig
from pathlib import Path
from socket import socket
from typing import NoReturn

from .processors import available
from .settings import Settings

_MOST_WORKERS = 4


class FrontError(Exception):
    """The front cannot be started; the message is one line that says what to do."""


def run(settings: Settings, sockets: list[socket], address: str) -> NoReturn:
    """Replaces this process by the front, which takes over the sockets; raises FrontError."""
    program = Path(sysconfig.get_path("scripts")) / "questiontopic-front"
    for each in sockets:
        each.set_inheritable(True)
    # One that arrives from here on waits until the front handles it.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT))
    try:
        os.execv(program, [str(program), json.dumps(_handed_over(settings, sockets, address))])
    except OSError as error:
        raise FrontError(f"{program}: {error.strerror}: build it with `make front`") from None


def _handed_over(settings: Settings, sockets: list[socket], address: str) -> dict[str, object]:
    """What the front's settings.go reads."""
    tls = {name: str(getattr(settings, name) or "") for name in ("tls_certificate", "tls_key", "tls_client_ca")}
    return {
        "listening": [each.fileno() for each in sockets],
        "address": address,
        "worker": [sys.executable, *_safe_path(), "-m", f"{__package__}.worker"],
        "worker_options": json.dumps(_worker_options(settings)),
        "workers": settings.workers or _workers(),
        "max_batch": settings.max_batch,
        "max_queue": settings.max_queue,
        "drain_timeout": settings.drain_timeout,
        "log_level": settings.log_level,
        **tls,
    }


def _worker_options(settings: Settings) -> dict[str, object]:
    return {
        "bundle": str(settings.bundle),
        "runtime": settings.runtime,
        "cache": str(settings.cache.expanduser()),
        "threads": settings.threads,
        "log_level": settings.log_level,
    }


def _workers() -> int:
    """A ceiling, because each takes memory and a node may have many CPUs."""
    return min(_MOST_WORKERS, max(1, round(available())))


def _safe_path() -> list[str]:
    """The flag that keeps modules of the current directory out, unless this process takes its own from there."""
    return [] if {"", str(Path.cwd())} & {*sys.path} else ["-P"]
