"""deploy/compose.yaml on a real engine: `make up` brings servers and a gateway, and `make down` leaves nothing."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from german_bundle import LABELS, write_german_bundle
from image import docker, opened
from server_process import ROOT

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(
        not (os.environ.get("DOCKER_HOST") and os.environ.get("BASE_IMAGE")),
        reason="no container engine: DOCKER_HOST or BASE_IMAGE is not set",
    ),
]
PAGE = "http://localhost:8888"
OURS = "label=com.docker.compose.project=question-topic"
_SECONDS = 1800


def make(*arguments: str) -> None:
    run = subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=_SECONDS, check=False)
    assert run.returncode == 0, run.stderr


def answer(**fields: str) -> str:
    request = {"rawtext_list": ["What is your salary?"], **fields}
    status, body = opened(f"{PAGE}/predict_topic", json.dumps(request).encode())
    assert status == 200, body
    confidences: dict[str, float] = json.loads(body)["output"][0]
    return max(confidences, key=confidences.__getitem__)


def running(service: str) -> list[str]:
    return docker("ps", "--quiet", "--filter", OURS, "--filter", f"label=com.docker.compose.service={service}").split()


@pytest.fixture
def up() -> Iterator[None]:
    make("up")
    try:
        yield
    finally:
        make("down")


def test_the_page_and_a_question_are_answered_and_servers_are_added(up: None) -> None:
    assert opened(f"{PAGE}/")[0] == 200
    assert answer() == "NUM"
    make("up", "ARGS=--scale server=2")
    assert len(running("server")) == 2
    assert answer() == "NUM"


@pytest.mark.parametrize(("service", "memory", "cpus"), [("server", 512, 2), ("gateway", 256, 1)])
def test_containers_are_locked_and_limited(up: None, service: str, memory: int, cpus: int) -> None:
    (container,) = running(service)
    (inspected,) = json.loads(docker("inspect", container))
    host = inspected["HostConfig"]
    assert (host["ReadonlyRootfs"], host["CapDrop"], host["SecurityOpt"]) == (True, ["ALL"], ["no-new-privileges:true"])
    assert (host["Memory"], host["NanoCpus"]) == (memory << 20, cpus * 10**9)
    assert inspected["Config"]["User"] == "65532:65532"
    assert inspected["State"]["Health"]["Status"] == "healthy"


def test_down_leaves_nothing(up: None) -> None:
    assert docker("ps", "--all", "--quiet", "--filter", OURS)
    make("down")
    for command in (["ps", "--all"], ["network", "ls"], ["volume", "ls"]):
        assert docker(*command, "--quiet", "--filter", OURS) == ""


def test_with_tls_the_gateway_still_reaches_its_servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("server")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    issued.private_key_pem.write_to_path(str(tmp_path / "server-key.pem"))
    (tmp_path / "server.pem").write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    tmp_path.chmod(0o755)
    for file in tmp_path.iterdir():
        file.chmod(0o644)
    monkeypatch.setenv("TLS", str(tmp_path))
    compose = ["compose", "--file", f"{ROOT}/deploy/compose.yaml", "--file", f"{ROOT}/deploy/compose.tls.yaml"]
    try:
        docker(*compose, "up", "--detach", "--wait", seconds=_SECONDS)
        assert answer() == "NUM"
        assert "(TLS)" in docker(*compose, "logs", "server")
    finally:
        make("down")


def test_a_second_model_answers_by_its_name_and_is_scaled_alone(tmp_path: Path) -> None:
    write_german_bundle(tmp_path / "bundle", "ensemble")
    flags = ["--build-arg", f"BASE_IMAGE={os.environ['BASE_IMAGE']}", "--build-context", f"bundle={tmp_path}/bundle"]
    if authority := os.environ.get("CA_BUNDLE"):
        flags += ["--secret", f"id=ca_bundle,src={authority}"]
    docker("build", "--tag", "question-topic-ensemble", *flags, str(ROOT), seconds=_SECONDS)
    compose = ["compose", "--file", f"{ROOT}/deploy/compose.yaml", "--file", f"{ROOT}/deploy/compose.models.yaml"]
    try:
        docker(*compose, "up", "--detach", "--wait", "--scale", "ensemble=2", seconds=_SECONDS)
        assert (len(running("server")), len(running("ensemble"))) == (1, 2)
        assert [answer(), answer(model="usem3"), answer(model="ensemble")] == ["NUM", "NUM", LABELS["NUM"]]
    finally:
        make("down")
