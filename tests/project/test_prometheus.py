"""A real Prometheus scrapes a server and a gateway with our rules, and its queries give what the test did."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from gateway import gateway
from prometheus import DEPLOY, free_port, metrics_of, needs_prometheus, prometheus
from server_process import DEFAULT_BUNDLE, ServerProcess

from questiontopic import TopicClient, TopicError

pytestmark = needs_prometheus


def test_prometheus_knows_the_calls_of_server_and_gateway(tmp_path: Path) -> None:
    metrics = f"127.0.0.1:{free_port()}"
    with (
        ServerProcess(DEFAULT_BUNDLE, "--metrics-port", "0") as server,
        gateway(server.address, "--metrics-address", metrics) as front,
        prometheus(tmp_path, servers=[metrics_of(server)], gateways=[metrics]) as known,
        TopicClient.plaintext(server.address) as client,
        TopicClient.plaintext(front.removeprefix("http://")) as through_gateway,
    ):
        client.predict_topic(["What is your salary?", "Who wrote Ulysses?"])
        with pytest.raises(TopicError):
            client.predict_topic([""])
        through_gateway.predict_topic(["How far is it?"])
        known.settled('sum(up{job=~"questiontopic-.*"})', 2)
        handled = 'sum(grpc_server_handled_total{job="questiontopic-%s",grpc_method="PredictTopic",grpc_code="%s"})'
        known.settled(handled % ("server", "OK"), 2)
        known.settled(handled % ("server", "INVALID_ARGUMENT"), 1)
        known.settled(handled % ("gateway", "OK"), 1)
        known.settled("questiontopic_texts_total", 3)
        known.settled("questiontopic_queue_seconds_count", 2)
        known.settled('sum(questiontopic_top_topic_total{topic="NUM"})', 2)
        known.settled("questiontopic_queue_seconds_sum < bool 1", 1)
        server.terminate()
        assert server.wait() == 0
        known.settled('sum(up{job="questiontopic-server"})', 0)
        known.settled('count(ALERTS{alertname="QuestionTopicDown",alertstate="pending"})', 1)


@pytest.mark.parametrize(
    "command",
    ["check rules alerts.yml", "check config prometheus.yml", "check config compose.yml", "test rules alerts_test.yml"],
)
def test_promtool_accepts_what_we_ship(command: str) -> None:
    run = subprocess.run(["promtool", *command.split()], cwd=DEPLOY, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
