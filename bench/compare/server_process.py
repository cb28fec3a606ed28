"""A server process while it is compared: started, awaited, measured with all its children, and ended with them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc
import psutil

_READY_SECONDS = 180.0
_END_SECONDS = 30.0


class HostedError(Exception):
    """A server did not start, or its answer was an error."""


@dataclass
class Hosted:
    """A running server; times are CPU-seconds of the process and all below it, memory is proportional, in MB."""

    address: str
    process: psutil.Process
    ready_seconds: float = 0.0
    ready_cpu_seconds: float = 0.0

    def cpu_seconds(self) -> float:
        """What all processes have used that run now."""
        total = 0.0
        for process in self._all():
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total += times.user + times.system
        return total

    def memory(self) -> float:
        """Resident memory, what processes share counted once."""
        total = 0
        for process in self._all():
            with contextlib.suppress(psutil.NoSuchProcess):
                total += process.memory_full_info().pss
        return total / 1e6

    def _all(self) -> list[psutil.Process]:
        """Of the session that the server leads, and its descendants: some change the one, some the other."""
        found = set()
        with contextlib.suppress(psutil.NoSuchProcess):
            found.update([self.process, *self.process.children(recursive=True)])
        for process in psutil.process_iter():
            with contextlib.suppress(OSError):
                if os.getsid(process.pid) == self.process.pid:
                    found.add(process)
        return list(found)

    def end(self) -> None:
        """SIGTERM for the first process, and later SIGKILL for what is left."""
        left = self._all()
        with contextlib.suppress(psutil.NoSuchProcess):
            self.process.send_signal(signal.SIGTERM)
        psutil.wait_procs([self.process], timeout=_END_SECONDS)
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=_END_SECONDS)


@contextlib.contextmanager
def hosted(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, url: str, first: bytes
) -> Iterator[Hosted]:
    """Starts `command` in `folder`, as leader of a session of its own; it is ready once it answers `first` at `url`."""
    with (folder / "log.txt").open("w") as log:
        started = time.monotonic()
        popen = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        server = Hosted(url, psutil.Process(popen.pid))
        try:
            while True:
                try:
                    ask(url, first, 10)
                    break
                except HostedError as error:
                    if popen.poll() is not None or time.monotonic() - started > _READY_SECONDS:
                        raise HostedError(f"{command[0]}: not ready, see {log.name}: {error}") from None
                    time.sleep(0.02)
            server.ready_seconds, server.ready_cpu_seconds = time.monotonic() - started, server.cpu_seconds()
            yield server
        finally:
            server.end()
            popen.wait()


def ask(url: str, body: bytes, timeout: float) -> bytes:
    """The reply to one request; raises HostedError."""
    scheme, rest = url.split("://")
    address, _, path = rest.partition("/")
    if scheme == "http":
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                reply: bytes = response.read()
        except (OSError, urllib.error.URLError) as error:
            raise HostedError(f"{url}: {error}") from None
        return reply
    with grpc.insecure_channel(address) as channel:
        try:
            call = channel.unary_unary(f"/{path}", request_serializer=bytes, response_deserializer=bytes)
            answer: bytes = call(body, timeout=timeout)
        except grpc.RpcError as error:
            raise HostedError(f"{url}: {error}") from None
        return answer


def free_port() -> int:
    """A port that is free with the two after it."""
    for port in range(20_000, 30_000, 10):
        with contextlib.ExitStack() as stack:
            try:
                for each in range(port, port + 3):
                    probe = stack.enter_context(socket.socket())
                    probe.bind(("127.0.0.1", each))
            except OSError:
                continue
            return port
    raise HostedError("no free port")
