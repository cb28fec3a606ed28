"""A real question-topic server as a separate process."""

from __future__ import annotations

import os
import queue
import re
import shlex
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

VARIABLE = "QUESTIONTOPIC_SERVER_COMMAND"
_SERVING = re.compile(r"serving \S+ \S+ on (?P<address>\S+:\d+) \((?:plaintext|TLS|mutual TLS)\)")
_START_SECONDS, _DRAIN_SECONDS = 120, 60


@contextmanager
def server_process(*flags: str) -> Iterator[str]:
    """The address of a new server process, which must exit with code 0 at the end.

    Skips the test if no server is configured.
    """
    command = shlex.split(os.environ.get(VARIABLE, ""))
    if not command:
        pytest.skip(
            f"needs a real server: set {VARIABLE} to the command that starts one, "
            "for example `python -m questiontopic_server --bundle models/usem3`"
        )
    process = subprocess.Popen([*command, "--host", "127.0.0.1", "--port", "0", *flags], stderr=subprocess.PIPE)
    lines: queue.Queue[str] = queue.Queue()
    reader = threading.Thread(target=_read, args=(process, lines))
    reader.start()
    try:
        yield _address(lines)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(_DRAIN_SECONDS)
        finally:
            process.kill()
            reader.join()
    assert code == 0


def _read(process: subprocess.Popen[bytes], lines: queue.Queue[str]) -> None:
    assert process.stderr is not None
    with process.stderr:
        for line in process.stderr:
            lines.put(line.decode())
    lines.put("")


def _address(lines: queue.Queue[str]) -> str:
    log = ""
    while line := lines.get(timeout=_START_SECONDS):
        log += line
        if match := _SERVING.search(line):
            return match["address"]
    raise AssertionError(f"the server ended before it was ready; its log:\n{log}")
