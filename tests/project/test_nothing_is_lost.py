"""Servers come, go, crash, freeze and lose their network under load, and no call fails that had time to be retried.

Single questions come at random times in two ways: through the gateway, and from our Go client that balances over the
servers itself. Each call has 30 seconds. How long the calls took is printed.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from compose import NETWORK, compose, running, up
from german_bundle import write_german_bundle
from image import NEEDS_ENGINE, docker
from server_process import ROOT

from questiontopic.v1.topic_pb2 import PredictTopicRequest

pytestmark = NEEDS_ENGINE
_SERVERS = 2
_RATE = 40  # Calls a second, of each of the two loads.
_CALL_SECONDS = 30  # Longer than the 15 seconds after which a client gives a silent server up.
_MIN_READY_SECONDS = 30  # As in deploy/kubernetes/base/server.yaml.
_TARGETS = {
    "gateway": "grpc://gateway:8888/questiontopic.v1.TopicService/PredictTopic",
    "client": "client://server:50051",
}


class Load:
    """`with Load(...):` sends questions for so many seconds, from a container beside the servers."""

    def __init__(self, target: str, requests: Path, seconds: int) -> None:
        files = [f"--volume={ROOT / '.tools' / 'loadgen'}:/loadgen:ro", f"--volume={requests}:/requests:ro"]
        load = [f"-target={target}", "-requests=/requests", f"-rate={_RATE}", f"-duration={seconds}s"]
        command = ["docker", "run", "--rm", f"--network={NETWORK}", *files, os.environ["BASE_IMAGE"], "/loadgen", *load]
        self._command = [*command, f"-timeout={_CALL_SECONDS}s", "-connections=1"]
        self._seconds = seconds

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def is_over(self) -> bool:
        return self._process.poll() is not None

    def found(self) -> dict[str, object]:
        output, error = self._process.communicate(timeout=self._seconds + 60)
        assert self._process.returncode == 0, error.decode()
        return dict(json.loads(output))


During = Callable[[str, int, Callable[[], object]], None]


@pytest.fixture(scope="module")
def deployed() -> Iterator[None]:
    with up("--scale", f"server={_SERVERS}"):
        yield


@pytest.fixture
def during(deployed: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[During]:
    requests = tmp_path / "requests"
    bodies = [PredictTopicRequest(texts=[f"Who wrote book {number}?"]).SerializeToString() for number in range(500)]
    requests.write_bytes(b"".join(struct.pack("<II", 1, len(body)) + body for body in bodies))

    def run(name: str, seconds: int, event: Callable[[], object]) -> None:
        loads = {way: Load(target, requests, seconds) for way, target in _TARGETS.items()}
        for load in loads.values():
            load.start()
        time.sleep(4)  # The load has begun.
        event()
        assert not any(load.is_over() for load in loads.values()), "the event took longer than the load"
        for way, load in loads.items():
            found = load.found()
            with capsys.disabled():
                print(f"\n{name}, {way}: {found['outcomes']}, ms {found['latency_ms']}", end="")
            assert set(found["outcomes"]) == {"OK"}, found["messages"]  # type: ignore[call-overload]

    yield run
    # What was hurt is replaced, and the gateway looks its servers up again, as it would within a minute.
    for container in running("server"):
        docker("rm", "--force", container)
    compose("up", "--detach", "--wait", "--no-recreate", "--scale", f"server={_SERVERS}")
    compose("restart", "gateway")
    compose("up", "--detach", "--wait", "--no-recreate", "--scale", f"server={_SERVERS}")


def test_scaled_from_one_to_four_to_one(during: During) -> None:
    def scale() -> None:
        for number in (1, 4, 1):
            compose("up", "--detach", "--wait", "--no-recreate", "--scale", f"server={number}")

    during("2 → 1 → 4 → 1 servers", 70, scale)


def test_replaced_one_by_one_by_servers_of_another_bundle(during: During, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    write_german_bundle(bundle)
    tmp_path.chmod(0o755)
    new: list[str] = []

    def replace() -> None:
        for old in running("server"):
            place = ["--network", NETWORK, "--network-alias", "server", "--volume", f"{bundle}:/bundle:ro"]
            new.append(docker("run", "--detach", "--read-only", "--cap-drop", "ALL", *place, "question-topic"))
            _wait_until_healthy(new[-1])
            time.sleep(_MIN_READY_SECONDS)
            docker("stop", old)

    try:
        during("rolling update", 100, replace)
    finally:
        for container in new:
            docker("rm", "--force", container)


def test_killed(during: During) -> None:
    during("kill -9", 20, lambda: _signal("KILL"))


def test_frozen(during: During) -> None:
    during("SIGSTOP", 35, lambda: _signal("STOP"))


def test_out_of_memory(during: During) -> None:
    victim = running("server")[0]
    # The kernel ends the process that it is told to, and not the one that fills the memory.
    fills = "open('/proc/1/oom_score_adj', 'w').write('1000'); b'x' * (600 << 20)"

    def fill() -> None:
        subprocess.run(["docker", "exec", victim, "python", "-c", fills], capture_output=True, timeout=30, check=False)
        deadline = time.monotonic() + 15
        while docker("inspect", "--format", "{{.RestartCount}}", victim) == "0":
            assert time.monotonic() < deadline, "it has enough memory"
            time.sleep(0.2)

    during("out of memory", 30, fill)


def test_network_cut(during: During) -> None:
    during("network cut", 35, lambda: docker("network", "disconnect", "--force", NETWORK, running("server")[0]))


def _signal(name: str) -> None:
    docker("kill", "--signal", name, running("server")[0])


def _wait_until_healthy(container: str) -> None:
    deadline = time.monotonic() + 60
    while docker("inspect", "--format", "{{.State.Health.Status}}", container) != "healthy":
        assert time.monotonic() < deadline, docker("logs", container)
        time.sleep(0.2)
