"""The log: lines on standard error, which may be closed or full without harm to the server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
from datetime import UTC, datetime
from typing import TextIO

ACCESS = "questiontopic_server.access"  # The logger of the access log.
_GROUP_SECONDS = 0.1
to_json = json.JSONEncoder(ensure_ascii=False).encode  # `json.dumps` would make an encoder for each line.
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def start_logging(level: str, form: str) -> None:
    """Writes messages of `level` (debug, info, warning or error) and above to standard error, as text or json lines."""
    logging.raiseExceptions = False  # A line that cannot be written is lost. It must not end the server.
    # No line names its thread or process, so the library need not look them up.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler, grouped = logging.StreamHandler(sys.stderr), _GroupingHandler(sys.stderr)
    for each in (handler, grouped):
        each.setFormatter(_JSONFormatter() if form == "json" else logging.Formatter(_FORMAT))
    logging.basicConfig(level=level.upper(), handlers=[handler])
    access = logging.getLogger(ACCESS)
    access.propagate = False
    access.addHandler(grouped)


class _GroupingHandler(logging.StreamHandler[TextIO]):
    """Writes the lines of a tenth of a second together. To be used on the event loop.

    At each write the event loop lets go of the interpreter's lock, and waits until the model's thread gives it back.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps the line."""
        if not self._lines:
            asyncio.get_running_loop().call_later(_GROUP_SECONDS, self.flush)
        self._lines.append(self.format(record))

    def flush(self) -> None:
        """Writes what has been kept. The library calls it when the process ends, too."""
        lines, self._lines = self._lines, []
        if lines:
            with contextlib.suppress(OSError):  # A line that cannot be written is lost.
                self.stream.write("".join(f"{line}\n" for line in lines))
                self.stream.flush()


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
