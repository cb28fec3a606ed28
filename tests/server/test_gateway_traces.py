"""The traces of callers behind a real gateway, from their requests to the model of a real server."""

from __future__ import annotations

import json
import secrets
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from gateway import gateway
from server_process import DEFAULT_BUNDLE, ServerProcess
from trace_receiver import receiving

_CALL = "questiontopic.v1.TopicService/PredictTopic"
_CALLERS = 60


def test_callers_with_traces_and_request_ids_of_their_own_share_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    callers = [(secrets.token_hex(16), secrets.token_hex(6)) for _ in range(_CALLERS)]

    def ask(url: str, caller: tuple[str, str]) -> None:
        headers = {"traceparent": f"00-{caller[0]}-{secrets.token_hex(8)}-01", "x-request-id": caller[1]}
        body = json.dumps({"rawtext_list": ["Who wrote Ulysses?"]}).encode()
        request = urllib.request.Request(f"{url}/predict_topic", body, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200

    with receiving() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint)
        log = ("--access-log", "all", "--log-format", "json")
        with ServerProcess(DEFAULT_BUNDLE, "--traces", "yes", *log) as server:
            with (
                gateway(server.address, "--traces", "yes", "--in-flight", "1") as url,
                ThreadPoolExecutor(_CALLERS) as threads,
            ):
                list(threads.map(lambda caller: ask(url, caller), callers))
            server.terminate()
            assert server.wait() == 0
            lines = [json.loads(line) for line in server.log.splitlines() if '"call"' in line]
        asked = [line["request_id"].split(",") for line in lines if line["method"] == "PredictTopic"]
        names = Counter({"questiontopic.wait": _CALLERS, _CALL: 2 * len(asked)})  # Gateway and server each have a span.
        spans = receiver.wait_for(lambda spans: names <= Counter(span.name for span in spans))

    assert sorted(each for ids in asked for each in ids) == sorted(caller[1] for caller in callers)
    assert len(asked) < _CALLERS
    sent = {span.number: span for span in spans if span.name == _CALL and span.service == "questiontopic-gateway"}
    answered = [span for span in spans if span.name == _CALL and span.service == "questiontopic-server"]
    assert len(sent) == len(answered) == len(asked)
    assert {span.parent for span in answered} == set(sent)
    waits = [span for span in spans if span.name == "questiontopic.wait"]
    assert {wait.trace for wait in waits} == {caller[0] for caller in callers}
    for wait in waits:
        (call,) = wait.links
        assert wait.number in sent[call].links
