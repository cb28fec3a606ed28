"""A real server process for tests: started on a free port, ended by SIGTERM, and asked how it ended."""

from __future__ import annotations

import os
import re
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_BUNDLE = ROOT / "models" / "usem3"
_SERVING = re.compile(r"serving (?P<name>\S+) (?P<version>\S+) on (?P<address>\S+:\d+) \(.+\)")
_READY_SECONDS = 60.0
_AS_IN_THE_IMAGE = {"MALLOC_MMAP_THRESHOLD_": "1048576"}  # The Dockerfile says why.


def server_python() -> list[str]:
    """How to run the server: `make test` names the serving environment, which has no TensorFlow."""
    named = os.environ.get("QUESTIONTOPIC_SERVER_PYTHON")
    return shlex.split(named) if named else [sys.executable]


def refused(*flags: str) -> tuple[int, str]:
    """Starts a server that must not start; its exit code and standard error."""
    command = [*server_python(), "-m", "questiontopic_server", *flags]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return run.returncode, run.stderr


def wait_for_log(
    process: subprocess.Popen[bytes], sign: re.Pattern[str], log: str = "", start: int = 0
) -> re.Match[str]:
    """Reads a process's standard error until it shows the sign; AssertionError if it ends or takes too long.

    `log` has been read before, and is looked at from `start` on. The match's `string` is the log with what was read.
    """
    assert process.stderr
    deadline = time.monotonic() + _READY_SECONDS
    while not (found := sign.search(log, start)):
        ready, _, _ = select.select([process.stderr], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"not serving after {_READY_SECONDS} s:\n{log}"
        chunk = os.read(process.stderr.fileno(), 65_536)
        assert chunk, f"ended before it served, exit code {process.wait()}:\n{log}"
        log += chunk.decode()
    return found


class ServerProcess:
    """`with ServerProcess() as server:` serves a bundle at `server.address` until the block ends.

    `start` is what Python runs, and `environment` adds variables to those of the test.
    """

    def __init__(
        self,
        bundle: Path = DEFAULT_BUNDLE,
        *flags: str,
        host: str = "127.0.0.1",
        port: int = 0,
        start: Sequence[str] = ("-m", "questiontopic_server"),
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        place = ["--bundle", str(bundle), "--host", host, "--port", str(port), "--workers", "1"]
        self._command = [*server_python(), *start, *place, *flags]
        self._environment = {**os.environ, **_AS_IN_THE_IMAGE, **environment}
        self._log, self._seen = "", 0  # As many characters were looked at: they end with the last sign.
        self.address = ""

    def __enter__(self) -> Self:
        """Starts it and waits until it says that it serves; AssertionError with its log if it does not."""
        self.start()
        try:
            serving = self.wait_for(_SERVING)
        except AssertionError:
            self.process.kill()
            self.process.communicate()
            raise
        self.address = serving["address"]
        return self

    def start(self) -> None:
        """Starts it and waits for nothing."""
        self.process = subprocess.Popen(self._command, stderr=subprocess.PIPE, env=self._environment)

    @property
    def log(self) -> str:
        """What has been read of its standard error."""
        return self._log

    def wait_for(self, sign: re.Pattern[str]) -> re.Match[str]:
        """Waits until its log shows the sign after the last one; AssertionError if it ends or takes too long."""
        found = wait_for_log(self.process, sign, self._log, self._seen)
        self._log, self._seen = found.string, found.end()
        return found

    def memory(self) -> int:
        """The most bytes that have been resident at once."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024

    def terminate(self) -> None:
        """Sends SIGTERM."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float = 60.0) -> int:
        """Its exit code; what it had to say is in `log` then."""
        _, rest = self.process.communicate(timeout=seconds)
        self._log += rest.decode()
        return self.process.returncode

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends it if the test did not, and then demands a clean exit."""
        if self.process.poll() is not None:
            self.process.communicate()
            return
        self.terminate()
        try:
            code = self.wait()
        finally:
            self.process.kill()
        if error is None:
            assert code == 0, self.log
