"""deploy/compose.yaml on a real engine: `make up` brings servers and a gateway, and `make down` leaves nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from compose import OURS, build_second_model, compose, make, running, up
from german_bundle import LABELS, write_german_bundle
from image import NEEDS_ENGINE, docker, opened

pytestmark = NEEDS_ENGINE
PAGE = "http://localhost:8888"


def answer(**fields: str) -> str:
    request = {"rawtext_list": ["What is your salary?"], **fields}
    status, body = opened(f"{PAGE}/predict_topic", json.dumps(request).encode())
    assert status == 200, body
    confidences: dict[str, float] = json.loads(body)["output"][0]
    return max(confidences, key=confidences.__getitem__)


@pytest.fixture
def deployed() -> Iterator[None]:
    with up():
        yield


def test_the_page_and_a_question_are_answered_and_servers_are_added(deployed: None) -> None:
    assert opened(f"{PAGE}/")[0] == 200
    assert answer() == "NUM"
    make("up", "ARGS=--scale server=2")
    assert len(running("server")) == 2
    assert answer() == "NUM"


@pytest.mark.parametrize(("service", "memory", "cpus"), [("server", 512, 2), ("gateway", 256, 1)])
def test_containers_are_locked_and_limited(deployed: None, service: str, memory: int, cpus: int) -> None:
    (container,) = running(service)
    (inspected,) = json.loads(docker("inspect", container))
    host = inspected["HostConfig"]
    assert (host["ReadonlyRootfs"], host["CapDrop"], host["SecurityOpt"]) == (True, ["ALL"], ["no-new-privileges:true"])
    assert (host["Memory"], host["NanoCpus"]) == (memory << 20, cpus * 10**9)
    assert inspected["Config"]["User"] == "65532:65532"
    assert inspected["State"]["Health"]["Status"] == "healthy"


def test_down_leaves_nothing(deployed: None) -> None:
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
    with_tls = ("compose.tls.yaml",)
    try:
        compose("up", "--detach", "--wait", files=with_tls)
        assert answer() == "NUM"
        assert "(TLS)" in compose("logs", "server", files=with_tls)
    finally:
        make("down")


def test_a_second_model_answers_by_its_name_and_is_scaled_alone(tmp_path: Path) -> None:
    write_german_bundle(tmp_path / "bundle", "ensemble")
    build_second_model(tmp_path / "bundle")
    try:
        compose("up", "--detach", "--wait", "--scale", "ensemble=2", files=("compose.models.yaml",))
        assert (len(running("server")), len(running("ensemble"))) == (1, 2)
        assert [answer(), answer(model="usem3"), answer(model="ensemble")] == ["NUM", "NUM", LABELS["NUM"]]
    finally:
        make("down")
