"""A real Prometheus for tests: our configuration and rules, other targets, and what it answers."""

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
from typing import Any

import pytest
from gateway import GATEWAY
from server_process import ROOT, ServerProcess

DEPLOY = ROOT / "deploy" / "prometheus"
_SECONDS = 60.0
_POLL_SECONDS = 0.2

needs_prometheus = [
    pytest.mark.skipif(not shutil.which("prometheus"), reason="no prometheus on the PATH"),
    pytest.mark.skipif(not GATEWAY.exists(), reason="no gateway: `make .tools/gateway` builds it"),
]


class Prometheus:
    """What a running Prometheus knows. Until it listens, it knows nothing."""

    def __init__(self, url: str) -> None:
        self._url = url

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """The labels and the value of each series; AssertionError if it cannot be parsed."""
        found = self._asked(f"query?{urllib.parse.urlencode({'query': expression})}").get("result", [])
        return [(each["metric"], float(each["value"][1])) for each in found]

    def settled(self, expression: str, expected: float) -> None:
        """Waits until a query gives the number; AssertionError with what it gave if that takes too long."""
        until = time.monotonic() + _SECONDS
        while (found := [value for _, value in self.query(expression)]) != [expected]:
            assert time.monotonic() < until, f"{expression} is {found}, not {expected}"
            time.sleep(_POLL_SECONDS)

    def alerts(self) -> dict[str, list[dict[str, str]]]:
        """The labels of each alert that fires now, by the alert's name."""
        firing: dict[str, list[dict[str, str]]] = {}
        for each in self._asked("alerts").get("alerts", []):
            if each["state"] == "firing":
                firing.setdefault(each["labels"]["alertname"], []).append(each["labels"])
        return firing

    def _asked(self, path: str) -> dict[str, Any]:
        try:
            with urllib.request.urlopen(f"{self._url}/api/v1/{path}", timeout=10) as response:
                data: dict[str, Any] = json.load(response)["data"]
                return data
        except urllib.error.HTTPError as error:
            assert error.code == 503, error.read().decode()  # It starts.
        except urllib.error.URLError:
            pass
        return {}


@contextmanager
def prometheus(
    folder: Path, *, servers: list[str], gateways: list[str], rules: str = "", interval: str = "1s"
) -> Iterator[Prometheus]:
    """Runs our configuration with these targets, and our rules or those that are given, until the block ends."""
    config = (DEPLOY / "prometheus.yml").read_text("utf-8").replace("interval: 15s", f"interval: {interval}")
    for ours, targets in (("localhost:9464", servers), ("localhost:9465", gateways)):
        assert f'["{ours}"]' in config
        config = config.replace(f'["{ours}"]', json.dumps(targets))
    (folder / "prometheus.yml").write_text(config, "utf-8")
    (folder / "alerts.yml").write_text(rules or (DEPLOY / "alerts.yml").read_text("utf-8"), "utf-8")
    address = f"127.0.0.1:{free_port()}"
    command = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    with subprocess.Popen(
        [*command, f"--web.listen-address={address}", "--log.level=error"], cwd=folder, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield Prometheus(f"http://{address}")
        finally:
            process.terminate()
            process.wait(timeout=60)


def free_port() -> int:
    """A port of this machine that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def metrics_of(server: ServerProcess) -> str:
    """Host and port of the metrics of a server that runs with `--metrics-port 0`."""
    found = re.search(r"metrics on http://(\S+)/metrics", server.log)
    assert found, server.log
    return found[1]
