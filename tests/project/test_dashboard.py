"""Grafana's dashboard: every query of it gives something for a real server and gateway, and it shows every metric."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from gateway import gateway
from prometheus import Prometheus, free_port, metrics_of, needs_prometheus, prometheus
from server_process import DEFAULT_BUNDLE, ROOT, ServerProcess

from questiontopic import TopicClient

FILE = ROOT / "deploy" / "grafana" / "dashboard.json"
DASHBOARD: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = [
    pytest.param(target["expr"], id=f"{panel['title']} {target['refId']}")
    for panel in PANELS
    for target in panel["targets"]
]
SHADOW = ("--shadow", str(DEFAULT_BUNDLE), "--shadow-share", "1")
LEFT_OUT = {
    "go_.*": "the insides of Go's runtime; memory and CPU of the gateway are among process_*",
    "scrape_.*": "Prometheus's own",
    "process_virtual_memory_.*": "address space costs nothing",
    "process_network_.*": "the network of the whole machine or container, which its own tools show",
}


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that has seen a little traffic twice, so that there are rates."""
    metrics = f"127.0.0.1:{free_port()}"
    with (
        ServerProcess(DEFAULT_BUNDLE, *SHADOW, "--metrics-port", "0") as server,
        gateway(server.address, "--metrics-address", metrics) as front,
        prometheus(tmp_path_factory.mktemp("prometheus"), servers=[metrics_of(server)], gateways=[metrics]) as found,
        TopicClient.plaintext(front.removeprefix("http://")) as client,
    ):
        found.settled('count(questiontopic_shadow_info{digest!=""})', 1)
        for calls in (1, 2):
            client.predict_topic(["How far is it?"])
            for job in ("server", "gateway"):
                ended = (
                    f'grpc_server_handled_total{{job="questiontopic-{job}",grpc_method="PredictTopic",grpc_code="OK"}}'
                )
                found.settled(ended, calls)
        found.settled("min(count_over_time(questiontopic_shadow_texts_total[1m])) > bool 1", 1)
        yield found


pytestmark = needs_prometheus


@pytest.mark.parametrize("expression", QUERIES)
def test_every_query_gives_a_series(known: Prometheus, expression: str) -> None:
    expression = expression.replace("$__rate_interval", "1m").replace("$instance", ".*")
    assert "$" not in expression
    assert known.query(expression)


def test_the_instances_to_choose_from_are_the_targets(known: Prometheus) -> None:
    (choice,) = [each for each in DASHBOARD["templating"]["list"] if each["name"] == "instance"]
    selector = re.fullmatch(r"label_values\((.+), instance\)", choice["query"]["query"])
    assert selector
    assert len(known.query(selector[1])) == 2


def test_every_metric_is_shown_or_left_out_for_a_reason(known: Prometheus) -> None:
    names = {labels["__name__"] for labels, _ in known.query('count by (__name__) ({job=~"questiontopic-.*"})')}
    shown = " ".join(re.findall(r"\w+", " ".join(str(query.values[0]) for query in QUERIES)))
    families = {re.sub("_(bucket|sum|count)$", "", name) for name in names}
    missing = {name for name in families if not re.search(rf"\b{name}(_bucket|_sum|_count)?\b", shown)}
    assert "questiontopic_texts_total" in families - missing
    assert {name for name in missing if not any(re.fullmatch(pattern, name) for pattern in LEFT_OUT)} == set()
    unused = {pattern for pattern in LEFT_OUT if not any(re.fullmatch(pattern, name) for name in missing)}
    assert unused <= {"process_network_.*"}  # New versions of the library have it.


def test_it_can_be_imported_anywhere() -> None:
    """It asks which Prometheus to use, brings no id of another Grafana, and its panels do not cover each other."""
    assert DASHBOARD["id"] is None
    assert "uid" not in DASHBOARD
    sources = {json.dumps(panel["datasource"]) for panel in PANELS}
    assert sources == {'{"type": "prometheus", "uid": "${datasource}"}'}
    assert DASHBOARD["templating"]["list"][0]["name"] == "datasource"
    identifiers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(identifiers)) == len(identifiers)
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    cells = [(x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


def test_it_names_only_alerts_that_there_are() -> None:
    rules = (ROOT / "deploy" / "prometheus" / "alerts.yml").read_text("utf-8")
    named = set(re.findall(r"QuestionTopic\w+", FILE.read_text("utf-8"))) - {"QuestionTopic"}
    assert named
    assert named <= set(re.findall(r"alert: (\w+)", rules))
