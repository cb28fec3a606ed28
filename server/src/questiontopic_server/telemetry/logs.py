"""The log: lines on standard error, which may be closed or full without harm to the server."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
from datetime import UTC, datetime

to_json = json.JSONEncoder(ensure_ascii=False).encode  # `json.dumps` would make an encoder for each line.
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def start_logging(level: str, form: str) -> None:
    """Writes messages of `level` (debug, info, warning or error) and above to standard error, as text or json lines."""
    logging.raiseExceptions = False  # A line that cannot be written is lost. It must not end the server.
    # No line names its thread or process, so the library need not look them up.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JSONFormatter() if form == "json" else logging.Formatter(_FORMAT))
    logging.basicConfig(level=level.upper(), handlers=[handler])


class _JSONFormatter(logging.Formatter):
    """One object a line: time, level, logger and message, and the fields of a call in place of its message."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        fields: dict[str, object] | None = getattr(record, "fields", None)
        line |= {"message": record.getMessage()} if fields is None else {"message": "call", **fields}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return to_json(line)


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
