"""Traces of a real server, as a real OTLP receiver gets them."""

from __future__ import annotations

import json
import re
import secrets
import socket
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
import pytest
from server_process import DEFAULT_BUNDLE, ServerProcess
from trace_receiver import Span, TraceReceiver, receiving

from questiontopic.v1.topic_pb2 import PredictTopicRequest, PredictTopicResponse
from questiontopic.v1.topic_pb2_grpc import TopicServiceStub

_CALL = "questiontopic.v1.TopicService/PredictTopic"
_LOG = ("--access-log", "all", "--log-format", "json")


class Caller:
    """The trace of somebody who asks, and the request id."""

    def __init__(self, *, sampled: bool = True) -> None:
        self.trace, self.span, self.request_id = secrets.token_hex(16), secrets.token_hex(8), secrets.token_hex(6)
        self.metadata = (
            ("traceparent", f"00-{self.trace}-{self.span}-0{int(sampled)}"),
            ("x-request-id", self.request_id),
        )


@contextmanager
def traced(*flags: str) -> Iterator[tuple[ServerProcess, TopicServiceStub, TraceReceiver]]:
    with receiving() as receiver:
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        with (
            ServerProcess(DEFAULT_BUNDLE, "--traces", "yes", *_LOG, *flags, environment=environment) as server,
            grpc.insecure_channel(server.address) as channel,
        ):
            yield server, TopicServiceStub(channel), receiver


def ask(stub: TopicServiceStub, *callers: Caller, text: str = "Who wrote Ulysses?") -> PredictTopicResponse:
    metadata = [pair for caller in callers for pair in caller.metadata]
    answer: PredictTopicResponse = stub.PredictTopic(PredictTopicRequest(texts=[text]), metadata=metadata, timeout=30)
    return answer


def log_lines(server: ServerProcess) -> list[dict[str, object]]:
    server.terminate()
    assert server.wait() == 0
    lines = [json.loads(line) for line in server.log.splitlines()]
    return [line for line in lines if line["message"] == "call"]


def named(spans: list[Span], name: str) -> list[Span]:
    return [span for span in spans if span.name == name]


def test_the_trace_of_a_call_shows_its_wait_its_batch_and_the_steps_of_the_model() -> None:
    caller = Caller()
    with traced() as (_, stub, receiver):
        digest = ask(stub, caller).model.digest
        spans = receiver.wait_for(lambda spans: any(span.name == _CALL for span in spans))
        spans = receiver.wait_for(lambda spans: len(spans) >= 6)
    by_name = {span.name: span for span in spans}
    assert sorted(by_name) == sorted([_CALL, "queue", "batch", "encode", "graph", "calibrate"])
    assert {span.trace for span in spans} == {caller.trace}
    assert {span.service for span in spans} == {"questiontopic-server"}
    call, batch = by_name[_CALL], by_name["batch"]
    assert call.parent == caller.span
    assert {by_name[name].parent for name in ("queue", "batch")} == {call.number}
    assert {by_name[name].parent for name in ("encode", "graph", "calibrate")} == {batch.number}
    assert call.began <= by_name["queue"].began <= batch.began <= by_name["encode"].ended <= batch.ended <= call.ended
    assert call.attributes["questiontopic.request_id"] == caller.request_id
    assert call.attributes["questiontopic.digest"] == digest
    assert (call.attributes["rpc.response.status_code"], call.failed) == ("OK", False)
    assert "Ulysses" not in str([span.attributes for span in spans])


def test_one_request_id_is_in_the_error_the_log_and_the_trace() -> None:
    caller = Caller()
    with traced() as (server, stub, receiver):
        with pytest.raises(grpc.RpcError) as refused:
            ask(stub, caller, text=" ")
        (span,) = receiver.wait_for(lambda spans: len(spans) == 1)
        (line,) = log_lines(server)
    (returned,) = [each.value for each in refused.value.trailing_metadata() if each.key == "x-request-id"]
    assert str(returned) == caller.request_id
    assert (line["request_id"], line["trace_id"]) == (caller.request_id, caller.trace)
    assert (span.attributes["questiontopic.request_id"], span.trace) == (caller.request_id, caller.trace)
    assert span.attributes["rpc.response.status_code"] == "INVALID_ARGUMENT"
    assert not span.failed, "the caller's fault is none of the server's"


def test_each_call_of_a_batch_shows_its_own_wait_and_is_linked_to_the_batch() -> None:
    callers = [Caller() for _ in range(24)]
    with traced() as (_, stub, receiver), ThreadPoolExecutor(len(callers)) as threads:
        list(threads.map(lambda caller: ask(stub, caller), callers))
        spans = receiver.wait_for(lambda spans: len(named(spans, _CALL)) == len(callers))
        spans = receiver.wait_for(lambda spans: len(named(spans, "queue")) == len(callers))
    calls = {span.trace: span for span in named(spans, _CALL)}
    assert {call.parent for call in calls.values()} == {caller.span for caller in callers}
    assert {span.parent for span in named(spans, "queue")} == {call.number for call in calls.values()}
    batches = named(spans, "batch")
    assert max(span.attributes["questiontopic.calls"] for span in batches) > 1
    for batch in batches:
        linked = {call.number for call in calls.values() if batch.number in call.links}
        assert batch.links == linked
        assert len(linked) + 1 == batch.attributes["questiontopic.calls"]
    assert sum(span.attributes["questiontopic.calls"] for span in batches) == len(callers)


def test_a_call_for_several_callers_has_the_request_ids_of_all() -> None:
    callers = [Caller() for _ in range(3)]
    ids = [caller.request_id for caller in callers]
    with traced() as (server, stub, receiver):
        call = stub.PredictTopic.with_call
        request = PredictTopicRequest(texts=["Who?", "Where?", "When?"])
        _, ended = call(request, metadata=[("x-request-id", each) for each in ids], timeout=30)
        spans = receiver.wait_for(lambda spans: bool(named(spans, _CALL)))
        (line,) = log_lines(server)
    (span,) = named(spans, _CALL)
    returned = [value for name, value in ended.trailing_metadata() if name == "x-request-id"]
    assert returned == [line["request_id"]] == [span.attributes["questiontopic.request_id"]] == [",".join(ids)]


def test_a_trace_that_its_caller_does_not_record_is_not_sent_and_yet_named_in_the_log() -> None:
    caller, recorded = Caller(sampled=False), Caller()
    with traced() as (server, stub, receiver):
        ask(stub, caller)
        ask(stub, recorded)
        spans = receiver.wait_for(lambda spans: bool(named(spans, _CALL)))
        lines = log_lines(server)
    assert {span.trace for span in spans} == {recorded.trace}
    assert [line["trace_id"] for line in lines] == [caller.trace, recorded.trace]


def test_without_traces_the_log_has_the_callers_trace_and_words_that_are_none_are_ignored() -> None:
    caller = Caller()
    with (
        ServerProcess(DEFAULT_BUNDLE, *_LOG) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        stub = TopicServiceStub(channel)
        ask(stub, caller)
        for wrong in ("", "00-abc-def-01", f"00-{'g' * 32}-{'0' * 16}-01"):
            stub.PredictTopic(PredictTopicRequest(texts=["Who?"]), metadata=[("traceparent", wrong)], timeout=30)
        lines = log_lines(server)
    assert [line["trace_id"] for line in lines] == [caller.trace, "", "", ""]


def test_a_receiver_that_does_not_answer_costs_no_call_and_two_seconds_at_the_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        with (
            ServerProcess(DEFAULT_BUNDLE, "--traces", "yes", environment=environment) as server,
            grpc.insecure_channel(server.address) as channel,
        ):
            for _ in range(20):
                ask(TopicServiceStub(channel), Caller())
            began = time.monotonic()
            server.terminate()
            assert server.wait() == 0
    assert time.monotonic() - began < 6
    assert "the last traces were not sent" in server.log


def test_the_last_traces_are_sent_before_the_server_ends() -> None:
    with receiving() as receiver:
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "3600000"}
        with (
            ServerProcess(DEFAULT_BUNDLE, "--traces", "yes", environment=environment) as server,
            grpc.insecure_channel(server.address) as channel,
        ):
            ask(TopicServiceStub(channel), Caller())
        assert named(receiver.wait_for(lambda spans: len(spans) == 6), _CALL)


def test_the_metrics_name_a_trace_for_each_bucket() -> None:
    caller = Caller()
    with traced("--metrics-port", "0") as (server, stub, _):
        ask(stub, caller)
        found = re.search(r"metrics on (http\S+)", server.log)
        assert found
        request = urllib.request.Request(found[1], headers={"Accept": "application/openmetrics-text"})
        with urllib.request.urlopen(request, timeout=10) as response:
            text = response.read().decode()
    for name in ("grpc_server_handling_seconds", "questiontopic_queue_seconds"):
        assert re.search(rf'{name}_bucket\{{.*\}} 1\.0 # \{{trace_id="{caller.trace}"\}}', text)
