"""A real Prometheus scrapes a server and a gateway with our rules, and its queries give what the test did."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from gateway import GATEWAY, gateway
from server_process import DEFAULT_BUNDLE, ROOT, ServerProcess

from questiontopic import TopicClient, TopicError

DEPLOY = ROOT / "deploy" / "prometheus"
_SECONDS = 60.0

pytestmark = [
    pytest.mark.skipif(not shutil.which("prometheus"), reason="no prometheus on the PATH"),
    pytest.mark.skipif(not GATEWAY.exists(), reason="no gateway: `make .tools/gateway` builds it"),
]


@contextmanager
def prometheus(folder: Path, **targets: str) -> Iterator[str]:
    """The URL of a Prometheus with our rules and our configuration, but these targets and a scrape every second."""
    config = (DEPLOY / "prometheus.yml").read_text().replace("interval: 15s", "interval: 1s")
    for ours, target in zip(("localhost:9464", "localhost:9465"), targets.values(), strict=True):
        assert ours in config
        config = config.replace(ours, target)
    (folder / "prometheus.yml").write_text(config)
    shutil.copy(DEPLOY / "alerts.yml", folder)
    address = f"127.0.0.1:{free_port()}"
    command = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    with subprocess.Popen(
        [*command, f"--web.listen-address={address}", "--log.level=error"], cwd=folder, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield f"http://{address}"
        finally:
            process.terminate()
            process.wait(timeout=60)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def query(url: str, expression: str) -> list[tuple[dict[str, str], float]]:
    asked = f"{url}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
    try:
        with urllib.request.urlopen(asked, timeout=10) as response:
            found = json.load(response)["data"]["result"]
    except urllib.error.URLError:
        return []
    return [(each["metric"], float(each["value"][1])) for each in found]


def settled(url: str, expression: str, expected: float) -> None:
    """Waits until a query gives the number; AssertionError with what it gave if that takes too long."""
    until = time.monotonic() + _SECONDS
    while (found := [value for _, value in query(url, expression)]) != [expected]:
        assert time.monotonic() < until, f"{expression} is {found}, not {expected}"
        time.sleep(0.2)


def test_prometheus_knows_the_calls_of_server_and_gateway(tmp_path: Path) -> None:
    metrics = f"127.0.0.1:{free_port()}"
    with (
        ServerProcess(DEFAULT_BUNDLE, "--metrics-port", "0") as server,
        gateway(server.address, "--metrics-address", metrics) as front,
        prometheus(
            tmp_path,
            server=re.search(r"metrics on http://(\S+)/metrics", server.log)[1],  # type: ignore[index]
            gateway=metrics,
        ) as url,
        TopicClient.plaintext(server.address) as client,
        TopicClient.plaintext(front.removeprefix("http://")) as through_gateway,
    ):
        client.predict_topic(["What is your salary?", "Who wrote Ulysses?"])
        with pytest.raises(TopicError):
            client.predict_topic([""])
        through_gateway.predict_topic(["How far is it?"])
        settled(url, 'sum(up{job=~"questiontopic-.*"})', 2)
        handled = 'sum(grpc_server_handled_total{job="questiontopic-%s",grpc_method="PredictTopic",grpc_code="%s"})'
        settled(url, handled % ("server", "OK"), 2)
        settled(url, handled % ("server", "INVALID_ARGUMENT"), 1)
        settled(url, handled % ("gateway", "OK"), 1)
        settled(url, "questiontopic_texts_total", 3)
        settled(url, "questiontopic_queue_seconds_count", 2)
        settled(url, 'sum(questiontopic_top_topic_total{topic="NUM"})', 2)
        settled(url, "questiontopic_queue_seconds_sum < bool 1", 1)
        server.terminate()
        assert server.wait() == 0
        settled(url, 'sum(up{job="questiontopic-server"})', 0)
        settled(url, 'count(ALERTS{alertname="QuestionTopicDown",alertstate="pending"})', 1)


@pytest.mark.parametrize(
    "command",
    ["check rules alerts.yml", "check config prometheus.yml", "check config compose.yml", "test rules alerts_test.yml"],
)
def test_promtool_accepts_what_we_ship(command: str) -> None:
    run = subprocess.run(["promtool", *command.split()], cwd=DEPLOY, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
