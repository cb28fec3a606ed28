"""The log: lines on standard error, which may be closed or full without harm to the server."""

from __future__ import annotations

import contextlib
import logging
import os
import sys

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def start_logging(level: str) -> None:
    """Writes messages of `level` (debug, info, warning or error) and above to standard error."""
    logging.raiseExceptions = False  # A line that cannot be written is lost. It must not end the server.
    logging.basicConfig(level=level.upper(), stream=sys.stderr, format=_FORMAT)


def say(message: str) -> None:
    """Tells a person why the command ends or what it ignores, if standard error can be written."""
    with contextlib.suppress(OSError):
        print(f"questiontopic-server: {message}", file=sys.stderr, flush=True)


def open_standard_streams() -> None:
    """Opens those of standard input, output and error that were closed when the process started.

    Otherwise the next socket or file would get the free number, and log lines would be written into it.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stderr = sys.stderr or open(2, "w")  # noqa: SIM115 - it stays open as long as the process
