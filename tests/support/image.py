"""The project's container image in a real engine: built from the Dockerfile, started, asked and stopped."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import grpc
import pytest
from server_process import ROOT

from questiontopic.v1 import topic_pb2, topic_pb2_grpc

NEEDS_ENGINE = [
    pytest.mark.engine,
    pytest.mark.skipif(
        not (os.environ.get("DOCKER_HOST") and os.environ.get("BASE_IMAGE")),
        reason="no container engine: DOCKER_HOST or BASE_IMAGE is not set",
    ),
]
_BUILD_SECONDS = 1800.0
_COMMAND_SECONDS = 60.0
_READY_SECONDS = 120.0
_POLL_SECONDS = 0.05


def docker(*arguments: str, seconds: float = _COMMAND_SECONDS) -> str:
    """What `docker` prints on its standard output; AssertionError with its standard error if it fails."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, f"docker {' '.join(arguments)}: exit code {done.returncode}\n{done.stderr}"
    return done.stdout.strip()


def build(base: str, tag: str, *flags: str) -> str:
    """Builds the Dockerfile with these flags on the base image; the image's id."""
    flags = (*build_flags(base), "--tag", f"questiontopic-test:{tag}", *flags)
    return docker("build", "--quiet", *flags, str(ROOT), seconds=_BUILD_SECONDS)


def build_flags(base: str) -> list[str]:
    """What every build here needs: the base image, and where this machine's packages and modules come from."""
    flags = ["--build-arg", f"BASE_IMAGE={base}"]
    if proxy := os.environ.get("GOPROXY"):
        flags += ["--build-arg", f"GOPROXY={proxy}"]
    if authority := os.environ.get("CA_BUNDLE"):
        flags += ["--secret", f"id=ca_bundle,src={authority}"]
    return flags


def check_structure(image: str, name: str) -> None:
    """Looks into the image as tests/project/structure/NAME.yaml says; AssertionError with the report."""
    tool = Path(sys.executable).with_name("container-structure-test")
    config = ROOT / "tests" / "project" / "structure" / f"{name}.yaml"
    command = [str(tool), "test", "--no-color", "--image", image, "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_READY_SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr


def size(image: str) -> int:
    """The image's unpacked layers together, in bytes."""
    return int(docker("image", "inspect", "--format", "{{.Size}}", image))


def opened(url: str, body: bytes | None = None) -> tuple[int, str]:
    """The status and the body of an HTTP answer, which may take until the process listens."""
    deadline = time.monotonic() + _COMMAND_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, body, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            assert time.monotonic() < deadline, f"{url}: {error}"
            time.sleep(_POLL_SECONDS)


class Container:
    """`with Container(image, flags of docker create...) as container:` runs it until the block ends, and removes it."""

    def __init__(self, image: str, *flags: str, port: int = 50051) -> None:
        self._image, self._flags, self._port = image, flags, port
        self.started = 0.0

    def __enter__(self) -> Self:
        """Starts it and waits for nothing; `started` is the monotonic time just before."""
        self._id = docker("create", *self._flags, self._image)
        try:
            self.started = time.monotonic()
            docker("start", self._id)
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Removes it, running or not."""
        self._remove()

    @property
    def address(self) -> str:
        """Where the host reaches the container's port; needs a flag such as `--publish 127.0.0.1::50051`."""
        return docker("port", self._id, f"{self._port}/tcp")

    @property
    def log(self) -> str:
        """What the process wrote to its standard error."""
        return subprocess.run(
            ["docker", "logs", self._id], capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=True
        ).stderr

    def wait_until_healthy(self) -> None:
        """Waits for the image's own HEALTHCHECK."""
        self._wait("healthy", lambda: self._inspect("{{.State.Health.Status}}") == "healthy")

    def wait_until_answered(self, text: str) -> topic_pb2.PredictTopicResponse:
        """Asks for one text's topic from the host until there is an answer."""
        answers: list[topic_pb2.PredictTopicResponse] = []
        quick = [("grpc.initial_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 100)]
        with grpc.insecure_channel(self.address, quick) as channel:
            call = topic_pb2_grpc.TopicServiceStub(channel).PredictTopic

            def ask() -> bool:
                try:
                    answers.append(call(topic_pb2.PredictTopicRequest(texts=[text]), timeout=_COMMAND_SECONDS))
                except grpc.RpcError as error:
                    assert error.code() == grpc.StatusCode.UNAVAILABLE, error
                return bool(answers)

            self._wait("answering", ask)
        return answers[0]

    def python(self, program: str) -> str:
        """What a Python program prints inside, run as the image's user."""
        return docker("exec", self._id, "python", "-c", program)

    def read(self, path: str) -> list[str]:
        """The lines of a file inside."""
        return self.python(f"print(open({path!r}).read())").splitlines()

    def resident_bytes(self) -> int:
        """The resident memory of the server's process."""
        (line,) = (line for line in self.read("/proc/1/smaps_rollup") if line.startswith("Rss:"))
        return int(line.split()[1]) * 1024

    def cpu_seconds(self) -> float:
        """The CPU time of the server's process so far. Unlike the time it hardly depends on busy neighbours."""
        fields = self.read("/proc/1/stat")[0].rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100  # In hundredths of a second on every Linux.

    def stop(self, kill_after: int = 10) -> int:
        """`docker stop`: SIGTERM, and SIGKILL after so many seconds; its exit code."""
        docker("stop", "-t", str(kill_after), self._id)
        return int(self._inspect("{{.State.ExitCode}}"))

    def _inspect(self, template: str) -> str:
        return docker("inspect", "--format", template, self._id)

    def _remove(self) -> None:
        docker("rm", "--force", "--volumes", self._id)

    def _wait(self, what: str, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not done():
            assert self._inspect("{{.State.Running}}") == "true", f"ended before it was {what}:\n{self.log}"
            assert time.monotonic() < deadline, f"not {what} after {_READY_SECONDS} s:\n{self.log}"
            time.sleep(_POLL_SECONDS)
