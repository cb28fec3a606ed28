"""A running server: how it is started, awaited, measured together with its child processes, and ended with them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc
import psutil

_START_SECONDS = 180.0
_END_SECONDS = 30.0
_POLL_SECONDS = 0.02
_SERVING = b"\x08\x01"  # HealthCheckResponse with the status SERVING.


class ServerError(Exception):
    """A server did not start, or it answered with an error."""


@dataclass
class ServerProcess:
    """A running server. CPU time and memory are those of its first process and of all processes below it."""

    url: str
    process: psutil.Process
    ready_seconds: float = 0.0
    ready_cpu_seconds: float = 0.0

    def cpu_seconds(self) -> float:
        """CPU time so far, also of child processes that have ended."""
        total = 0.0
        for process in self._all():
            with contextlib.suppress(psutil.NoSuchProcess):
                total += sum(process.cpu_times()[:4])
        return total

    def memory_mb(self) -> float:
        """Resident memory. If there are several processes, a page that they share counts once."""
        processes = self._all()
        total = 0
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                memory = process.memory_full_info()
                total += memory.pss if len(processes) > 1 else memory.rss
        return total / 1e6

    def _all(self) -> list[psutil.Process]:
        """The first process, its descendants and its session, because children of some servers leave one of both."""
        found = set()
        with contextlib.suppress(psutil.NoSuchProcess):
            found.update([self.process, *self.process.children(recursive=True)])
        for process in psutil.process_iter():
            with contextlib.suppress(OSError):
                if os.getsid(process.pid) == self.process.pid:
                    found.add(process)
        return list(found)

    def end(self) -> None:
        """Sends SIGTERM to the first process, and later SIGKILL to all processes that still run."""
        remaining = self._all()
        with contextlib.suppress(psutil.NoSuchProcess):
            self.process.send_signal(signal.SIGTERM)
        psutil.wait_procs([self.process], timeout=_END_SECONDS)
        for process in remaining:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(remaining, timeout=_END_SECONDS)


@contextlib.contextmanager
def run_server(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path, url: str, ready: Callable[[], None]
) -> Iterator[ServerProcess]:
    """Runs `command` in `folder` until the block ends; the block begins when `ready` raises no ServerError."""
    with log.open("w") as output:
        begin = time.monotonic()
        popen = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        server = ServerProcess(url, psutil.Process(popen.pid))
        try:
            while True:
                try:
                    ready()
                    break
                except ServerError as error:
                    if popen.poll() is not None or time.monotonic() - begin > _START_SECONDS:
                        said = log.read_text("utf-8", "replace")[-2000:]
                        raise ServerError(f"{command[0]} did not start: {error}\n{said}") from None
                    time.sleep(_POLL_SECONDS)
            server.ready_seconds, server.ready_cpu_seconds = time.monotonic() - begin, server.cpu_seconds()
            yield server
        finally:
            server.end()
            popen.wait()


def check_serving(url: str) -> None:
    """Raises ServerError unless gRPC's health service answers SERVING."""
    address = url.split("://")[1].partition("/")[0]
    if ask(f"grpc://{address}/grpc.health.v1.Health/Check", b"", 10) != _SERVING:
        raise ServerError(f"{url}: not SERVING")


def ask(url: str, body: bytes, timeout: float) -> bytes:
    """Returns the reply to one request; raises ServerError."""
    scheme, rest = url.split("://")
    address, _, path = rest.partition("/")
    if scheme == "http":
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                reply: bytes = response.read()
        except (OSError, urllib.error.URLError) as error:
            raise ServerError(f"{url}: {error}") from None
        return reply
    with grpc.insecure_channel(address) as channel:
        try:
            call = channel.unary_unary(f"/{path}", request_serializer=bytes, response_deserializer=bytes)
            answer: bytes = call(body, timeout=timeout)
        except grpc.RpcError as error:
            raise ServerError(f"{url}: {error}") from None
        return answer


def free_port() -> int:
    """Returns a port that is free, and the two ports after it are free too."""
    for port in range(20_000, 30_000, 10):
        with contextlib.ExitStack() as stack:
            try:
                for each in range(port, port + 3):
                    probe = stack.enter_context(socket.socket())
                    probe.bind(("127.0.0.1", each))
            except OSError:
                continue
            return port
    raise ServerError("no free port")
