"""Envoy itself, with our configuration in front of two real servers: three protocols, and the loss of a server."""

from __future__ import annotations

import base64
import json
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from server_process import ROOT, ServerProcess

from questiontopic.v1.topic_pb2 import PredictTopicRequest, PredictTopicResponse
from questiontopic.v1.topic_pb2_grpc import TopicServiceStub

CONFIGURATION = ROOT / "deploy" / "envoy" / "envoy.yaml"
PREDICT = "questiontopic.v1.TopicService/PredictTopic"
_SECONDS = 60.0


@dataclass(frozen=True)
class Envoy:
    """A running Envoy: where callers and administrators reach it."""

    address: str
    admin: str

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://{self.admin}{path}", timeout=10) as answer:
            text: str = answer.read().decode()
        return text

    def post(self, path: str, body: bytes, content_type: str = "application/json") -> tuple[int, bytes]:
        request = urllib.request.Request(
            f"http://{self.address}/{path}", body, {"Content-Type": content_type, "Accept": content_type}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def statistic(self, name: str) -> int:
        return int(self.get(f"/stats?filter=^{re.escape(name)}$").partition(": ")[2])

    def hosts(self) -> str:
        """What Envoy knows of each server."""
        return self.get("/clusters")

    def healthy(self) -> int:
        return self.statistic("cluster.servers.membership_healthy")


def wait_until(done: Callable[[], bool], what: Callable[[], str]) -> None:
    until = time.monotonic() + _SECONDS
    while not done():
        assert time.monotonic() < until, what()
        time.sleep(0.05)


@contextmanager
def envoy(folder: Path, *servers: str) -> Iterator[Envoy]:
    """Our configuration, but with these servers, and with free ports."""
    text = CONFIGURATION.read_text("utf-8").replace("/etc/envoy", str(CONFIGURATION.parent))
    configuration: Any = yaml.safe_load(text)
    (listener,), (cluster,) = (configuration["static_resources"][name] for name in ("listeners", "clusters"))
    for place in (configuration["admin"], listener):
        place["address"]["socket_address"] = {"address": "127.0.0.1", "port_value": 0}
    (endpoints,) = cluster["load_assignment"]["endpoints"]
    endpoints["lb_endpoints"] = [
        {"endpoint": {"address": {"socket_address": {"address": host, "port_value": int(port)}}}}
        for host, port in (server.split(":") for server in servers)
    ]
    (folder / "envoy.yaml").write_text(yaml.safe_dump(configuration), "utf-8")
    command = [str(Path(sys.executable).with_name("envoy")), "-c", f"{folder}/envoy.yaml", "--concurrency", "1"]
    command += ["--use-dynamic-base-id", "--log-level", "error", "--admin-address-path", f"{folder}/admin"]
    with subprocess.Popen(command) as process:
        try:
            wait_until(lambda: (folder / "admin").exists() and process.poll() is None, lambda: "Envoy has no address")
            admin = (folder / "admin").read_text()
            address: list[str] = []

            def listening() -> bool:
                with suppress(OSError, IndexError, KeyError):
                    found = json.loads(Envoy("", admin).get("/listeners?format=json"))["listener_statuses"]
                    where = found[0]["local_address"]["socket_address"]
                    address.append(f"{where['address']}:{where['port_value']}")
                return bool(address)

            wait_until(listening, lambda: "Envoy does not listen")
            started = Envoy(address[0], admin)
            wait_until(lambda: started.healthy() == len(servers), started.hosts)
            yield started
        finally:
            process.terminate()
            process.wait(timeout=_SECONDS)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Envoy]:
    with (
        ServerProcess() as one,
        ServerProcess() as two,
        envoy(tmp_path_factory.mktemp("envoy"), one.address, two.address) as running,
    ):
        yield running


def topic(envoy_at: Envoy, text: str = "What is your salary?") -> str:
    with grpc.insecure_channel(envoy_at.address) as channel:
        answer = TopicServiceStub(channel).PredictTopic(PredictTopicRequest(texts=[text]), timeout=30)
        return str(answer.predictions[0].coarse.top_topic)


def test_grpc(proxy: Envoy) -> None:
    assert topic(proxy) == "NUM"


def test_a_refused_request_keeps_its_code_and_details(proxy: Envoy) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        topic(proxy, "")
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "grpc-status-details-bin" in [each.key for each in raised.value.trailing_metadata()]


def test_json(proxy: Envoy) -> None:
    status, body = proxy.post(PREDICT, b'{"texts": ["What is your salary?"], "labelLevel": "LABEL_LEVEL_BOTH"}')
    assert status == 200, body
    (prediction,) = json.loads(body)["predictions"]
    assert (prediction["coarse"]["topTopic"], prediction["fine"]["topTopic"]) == ("NUM", "NUM:money")


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        (PREDICT, b'{"texts": [""]}', 400, b"texts[0]"),
        (PREDICT, b'{"texts": ["Who?"], "labelLevel": 9}', 400, b"label_level"),
        (PREDICT, b"{", 400, b""),
        ("questiontopic.v1.TopicService/Nothing", b"{}", 404, b""),
        ("elsewhere", b"{}", 404, b""),
    ],
)
def test_wrong_json_is_the_callers_fault(proxy: Envoy, path: str, body: bytes, status: int, said: bytes) -> None:
    code, answer = proxy.post(path, body)
    assert (code, said in answer) == (status, True), answer


@pytest.mark.parametrize("text_form", [False, True], ids=["binary", "base64"])
def test_grpc_web(proxy: Envoy, text_form: bool) -> None:
    message = PredictTopicRequest(texts=["What is your salary?"]).SerializeToString()
    body = b"\0" + len(message).to_bytes(4, "big") + message
    kind = "application/grpc-web-text" if text_form else "application/grpc-web+proto"
    status, answer = proxy.post(PREDICT, base64.b64encode(body) if text_form else body, kind)
    if text_form:  # Two frames, each encoded for itself.
        answer = b"".join(base64.b64decode(part) for part in re.findall(rb"[^=]+=*", answer))
    size = int.from_bytes(answer[1:5], "big")
    (prediction,) = PredictTopicResponse.FromString(answer[5 : 5 + size]).predictions
    assert (status, prediction.coarse.top_topic) == (200, "NUM")
    assert b"grpc-status:0" in answer[5 + size :]


def test_both_servers_get_calls(proxy: Envoy) -> None:
    def calls() -> list[int]:
        clusters = json.loads(proxy.get("/clusters?format=json"))["cluster_statuses"]
        return [
            int(statistic.get("value", 0))
            for host in clusters[0]["host_statuses"]
            for statistic in host["stats"]
            if statistic["name"] == "rq_success"
        ]

    def both_more() -> bool:
        topic(proxy)
        return all(now > then for now, then in zip(calls(), before, strict=True))

    before = calls()
    assert len(before) == 2
    wait_until(both_more, lambda: "one server gets all calls")


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_no_call_fails_when_a_server_ends_and_it_gets_no_more(tmp_path: Path, end: signal.Signals) -> None:
    failed: list[grpc.RpcError] = []
    answered, stop = threading.Semaphore(0), threading.Event()

    def ask() -> None:
        with grpc.insecure_channel(front.address, [("grpc.enable_retries", 0)]) as channel:
            call = TopicServiceStub(channel).PredictTopic
            while not stop.is_set():
                try:
                    call(PredictTopicRequest(texts=["Who wrote Ulysses?"] * 8), timeout=30)
                except grpc.RpcError as error:
                    failed.append(error)
                answered.release()

    def wait_for_calls() -> None:
        for _ in range(64):
            assert answered.acquire(timeout=_SECONDS)

    with ServerProcess() as stays, ServerProcess() as dies, envoy(tmp_path, stays.address, dies.address) as front:
        callers = [threading.Thread(target=ask) for _ in range(8)]
        for caller in callers:
            caller.start()
        try:
            wait_for_calls()
            dies.process.send_signal(end)
            wait_for_calls()
            wait_until(lambda: front.healthy() == 1, front.hosts)
            wait_for_calls()
        finally:
            stop.set()
            for caller in callers:
                caller.join(_SECONDS)
        assert front.statistic("cluster.servers.upstream_rq_retry") > 0
    assert failed == []
