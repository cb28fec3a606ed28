"""The metrics of a real server say what its callers did, and the access log tells each call."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import pytest
from prometheus_client.parser import text_string_to_metric_families
from server_process import DEFAULT_BUNDLE, ServerProcess, refused

from questiontopic import DescribeModelRequest, TopicClient, TopicError
from questiontopic.v1.topic_pb2_grpc import TopicServiceStub
from questiontopic_model.bundle import read_bundle

_METRICS = re.compile(r"metrics on (http://\S+/metrics)")
_SECRET = "Who wrote Ulysses in Trieste?"


@contextmanager
def serving(*flags: str) -> Iterator[tuple[ServerProcess, TopicClient]]:
    with (
        ServerProcess(DEFAULT_BUNDLE, "--metrics-port", "0", *flags) as server,
        TopicClient.plaintext(server.address) as client,
    ):
        yield server, client


def scraped(server: ServerProcess) -> str:
    found = _METRICS.search(server.log)
    assert found
    with urllib.request.urlopen(found[1], timeout=10) as response:
        content: bytes = response.read()
    return content.decode()


def samples(text: str) -> dict[str, float]:
    """Values by name and the labels' values, such as `grpc_server_handled_total OK PredictTopic`, services left out."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            values = [
                value for name, value in sorted(sample.labels.items()) if name not in ("grpc_service", "grpc_type")
            ]
            found[" ".join([sample.name, *values])] = sample.value
    return found


def fails(client: TopicClient, texts: list[str], **options: object) -> TopicError:
    with pytest.raises(TopicError) as raised:
        client.predict_topic(texts, **options)  # type: ignore[arg-type]
    return raised.value


def test_the_metrics_count_calls_codes_texts_and_predictions() -> None:
    with serving() as (server, client):
        client.predict_topic(["What is your salary?", "How far is it?"])
        client.predict_topic(["Who wrote Ulysses?"])
        client.predict_topic(["How " + "very " * 300 + "far is it?"])
        client.describe_model()
        fails(client, [""])
        fails(client, ["Who?"], model="other")
        fails(client, ["Who?"], timeout=0.001)
        found = samples(scraped(server))
    assert found["grpc_server_started_total PredictTopic"] >= 5
    assert found["grpc_server_handled_total OK PredictTopic"] == 3
    assert found["grpc_server_handled_total OK DescribeModel"] == 1
    assert found["grpc_server_handled_total INVALID_ARGUMENT PredictTopic"] == 1
    assert found["grpc_server_handled_total NOT_FOUND PredictTopic"] == 1
    assert found["grpc_server_handling_seconds_count DescribeModel"] == 1
    assert found["questiontopic_texts_total"] == 4
    assert found["questiontopic_truncated_texts_total"] == 1
    assert found["questiontopic_batch_texts_sum"] == 4
    assert found["questiontopic_batch_texts_count"] == found["questiontopic_compute_seconds_count"] == 3
    assert found["questiontopic_queue_seconds_count"] == 3
    assert found["questiontopic_top_topic_total NUM"] >= 2
    assert found["questiontopic_top_topic_total HUM"] == 1
    assert sum(value for name, value in found.items() if name.startswith("questiontopic_top_topic_total")) == 4
    assert found["questiontopic_top_confidence_count"] == 4
    assert found["questiontopic_queue_texts"] == 0
    manifest = read_bundle(DEFAULT_BUNDLE).manifest
    assert found[f"questiontopic_model_info {manifest.digest} usem3 onnxruntime {manifest.version}"] == 1
    assert found["process_cpu_seconds_total"] > 0


def test_names_that_callers_make_up_are_no_labels() -> None:
    with serving() as (server, client):
        before = {name.split(" ")[0] for name in samples(scraped(server))}
        for number in range(20):
            fails(client, ["Who?"], model=f"model-{number}")
        text = scraped(server)
    assert "model-" not in text
    assert {name.split(" ")[0] for name in samples(text)} >= before
    assert len(text) < 20_000


def test_promtool_finds_nothing_to_complain_about() -> None:
    promtool = shutil.which("promtool")
    if not promtool:
        pytest.skip("no promtool on the PATH")
    with serving() as (server, client):
        client.predict_topic(["Who?"])
        text = scraped(server)
    check = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (check.returncode, check.stdout, check.stderr) == (0, "", "")


def test_a_taken_port_of_the_metrics_is_told_in_one_line() -> None:
    with serving() as (server, _):
        port = _METRICS.search(server.log)[1].split(":")[2].split("/")[0]  # type: ignore[index]
        code, error = refused("--bundle", str(DEFAULT_BUNDLE), "--port", "0", "--metrics-port", port)
    assert code == 1
    assert (
        error == f"questiontopic-server: error: cannot listen on 127.0.0.1:{port} for metrics: Address already in use\n"
    )


def access_lines(server: ServerProcess) -> list[dict[str, object]]:
    server.terminate()
    assert server.wait() == 0
    lines = [json.loads(line) for line in server.log.splitlines()]
    return [line for line in lines if line["logger"] == "questiontopic_server.access"]


def test_the_access_log_has_a_line_for_each_call_and_no_text() -> None:
    with serving("--access-log", "all", "--log-format", "json") as (server, client):
        client.predict_topic([_SECRET, "How far is it?"])
        fails(client, [_SECRET, " "])
        first, second = access_lines(server)
    assert {name: first[name] for name in ("message", "method", "code", "texts", "characters", "model")} == {
        **{"message": "call", "method": "PredictTopic", "code": "OK", "texts": 2},
        **{"characters": len(_SECRET) + 14, "model": read_bundle(DEFAULT_BUNDLE).manifest.digest[:12]},
    }
    assert str(first["peer"]).startswith("ipv4:127.0.0.1:")
    assert float(str(first["ms"])) >= float(str(first["compute_ms"])) > 0
    assert (second["code"], second["compute_ms"]) == ("INVALID_ARGUMENT", 0)
    assert first["request_id"] != second["request_id"]
    assert _SECRET not in server.log


@pytest.mark.parametrize(
    ("wanted", "codes"), [("errors", ["NOT_FOUND"]), ("0", ["NOT_FOUND"]), ("1", ["OK", "NOT_FOUND"])]
)
def test_the_access_log_can_be_errors_or_a_share(wanted: str, codes: list[str]) -> None:
    with serving("--access-log", wanted, "--log-format", "json", "--log-texts", "yes") as (server, client):
        client.predict_topic(["Who?"])
        fails(client, [_SECRET], model="other")
        lines = access_lines(server)
    assert [line["code"] for line in lines] == codes
    assert lines[-1]["questions"] == [_SECRET]


@pytest.mark.parametrize(
    ("sent", "kept"), [("3f2a-77", True), ("x" * 128, True), ("x" * 129, False), ("two words", False), ("", False)]
)
def test_the_request_id_is_the_caller_s_if_it_is_usable(sent: str, kept: bool) -> None:
    with serving("--access-log", "all") as (server, _), grpc.insecure_channel(server.address) as channel:
        stub = TopicServiceStub(channel)
        _, told = stub.DescribeModel.with_call(DescribeModelRequest(), metadata=(("x-request-id", sent),), timeout=10)
        (returned,) = [str(value) for name, value in told.trailing_metadata() or () if name == "x-request-id"]
        server.terminate()
        assert server.wait() == 0
    assert (returned == sent) is kept
    assert re.fullmatch(r"[0-9a-f]{32}", returned) or kept
    assert f'request_id="{returned}"' in server.log


def test_the_id_of_a_failed_call_is_in_the_client_s_error_and_in_the_log() -> None:
    with serving("--access-log", "errors") as (server, client):
        error = fails(client, [" "])
        server.terminate()
        assert server.wait() == 0
    assert error.request_id
    assert f'request_id="{error.request_id}"' in server.log
