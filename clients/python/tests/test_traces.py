"""Spans of OpenTelemetry: what a program with spans of its own sees of its calls, and what the server is told."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import grpc
import pytest

from questiontopic import AsyncTopicClient, Merging, PredictTopicRequest, PredictTopicResponse, TopicClient, TopicError

from .conftest import Serve
from .crowd import Crowd, Gate, Tasks, Threads, crowd, echo, refuse_bad, topics, wait_for
from .service import TopicService

trace = pytest.importorskip("opentelemetry.trace", reason="needs the extra traces and opentelemetry-sdk")
sdk = pytest.importorskip("opentelemetry.sdk.trace", reason="needs opentelemetry-sdk")
exporters = pytest.importorskip("opentelemetry.sdk.trace.export")
memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
sampling = pytest.importorskip("opentelemetry.sdk.trace.sampling")

WAIT = "questiontopic.wait"
CALL = "questiontopic.v1.TopicService/PredictTopic"


class Recorder:
    """Keeps the spans that have ended."""

    def __init__(self) -> None:
        self.memory = memory.InMemorySpanExporter()
        self.provider = sdk.TracerProvider()
        self.provider.add_span_processor(exporters.SimpleSpanProcessor(self.memory))
        self.tracer = self.provider.get_tracer("test")

    def named(self, name: str) -> list[Any]:
        return [span for span in self.memory.get_finished_spans() if span.name == name]


@pytest.fixture(scope="module")
def program() -> Recorder:
    """A program sets its provider once."""
    recorder = Recorder()
    trace.set_tracer_provider(recorder.provider)
    return recorder


@pytest.fixture
def recorder(program: Recorder) -> Recorder:
    program.memory.clear()
    return program


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.let_go(1000)


def header(span: Any) -> str:
    context = span.get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


def told(context: grpc.ServicerContext, key: str = "traceparent") -> list[str]:
    return [str(value) for name, value in context.invocation_metadata() if name == key]


def links(span: Any) -> list[int]:
    return [link.context.span_id for link in span.links]


def ids(spans: list[Any]) -> list[int]:
    return [span.context.span_id for span in spans]


def ask(callers: Crowd, text: str, span: Any, **options: Any) -> Future[PredictTopicResponse]:
    """Asks as a caller within a span, which may be None."""
    with trace.use_span(span or trace.INVALID_SPAN):
        return callers.ask(text, **options)


def test_a_shared_call_is_a_span_that_is_linked_with_the_wait_of_each_caller(
    kind: type[Threads | Tasks], serve: Serve, gate: Gate, recorder: Recorder
) -> None:
    with crowd(kind, serve(TopicService(gate.predict)), Merging(in_flight=1)) as callers:
        asked = [callers.ask("first")]
        assert told(gate.next()[1]) == []
        spans = [recorder.tracer.start_span("one"), recorder.tracer.start_span("other")]
        for i, span in enumerate([*spans, None]):
            asked.append(ask(callers, f"text {i}", span))
            wait_for(callers, i + 1)
        gate.let_go(2)
        assert [topics(answered) for answered in asked] == [["first"], ["text 0"], ["text 1"], ["text 2"]]
        context = gate.next()[1]
    waits, [call] = sorted(recorder.named(WAIT), key=lambda span: span.start_time), recorder.named(CALL)
    assert [wait.parent for wait in waits] == [span.get_span_context() for span in spans]
    assert call.parent == waits[0].context
    assert links(call) == ids(waits)
    assert [links(wait) for wait in waits] == [ids([call])] * 2
    assert call.kind is trace.SpanKind.CLIENT
    assert [wait.attributes["questiontopic.texts"] for wait in waits] == [1, 1]
    assert {span.attributes["rpc.response.status_code"] for span in (*waits, call)} == {"OK"}
    assert told(context) == [header(call)]


def test_a_refused_text_is_an_error_of_its_own_wait_only(
    kind: type[Threads | Tasks], serve: Serve, gate: Gate, recorder: Recorder
) -> None:
    def predict(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        gate.predict(request, context)
        return refuse_bad(request, context)

    with crowd(kind, serve(TopicService(predict)), Merging(in_flight=1)) as callers:
        callers.ask("first")
        gate.next()
        bad = ask(callers, "bad", recorder.tracer.start_span("one"))
        wait_for(callers, 1)
        good = ask(callers, "good", recorder.tracer.start_span("other"))
        wait_for(callers, 2)
        gate.let_go(3)
        assert isinstance(bad.exception(30), TopicError)
        assert topics(good) == ["good"]
    calls = recorder.named(CALL)
    wrong, right = sorted(recorder.named(WAIT), key=lambda span: span.start_time)
    assert [span.attributes["rpc.response.status_code"] for span in (*calls, wrong, right)] == [
        "INVALID_ARGUMENT",
        "OK",
        "INVALID_ARGUMENT",
        "OK",
    ]
    assert [span.status.is_ok for span in (*calls, wrong, right)] == [False, True, False, True]
    assert links(wrong) == ids(calls[:1])
    assert links(right) == ids(calls)


def test_a_call_of_one_caller_is_a_span_below_that_of_the_caller(
    kind: type[Threads | Tasks], serve: Serve, gate: Gate, recorder: Recorder
) -> None:
    gate.let_go(2)
    parent = recorder.tracer.start_span("caller")
    with crowd(kind, serve(TopicService(gate.predict)), None) as callers:
        topics(ask(callers, "text", parent))
        [call] = recorder.named(CALL)
        assert call.parent == parent.get_span_context()
        assert told(gate.next()[1]) == [header(call)]
        topics(callers.ask("text"))
        assert told(gate.next()[1]) == []
    assert len(recorder.named(CALL)) == 1


def test_a_caller_that_leaves_ends_its_wait(
    kind: type[Threads | Tasks], serve: Serve, gate: Gate, recorder: Recorder
) -> None:
    with crowd(kind, serve(TopicService(gate.predict)), Merging(in_flight=1)) as callers:
        late = ask(callers, "late", recorder.tracer.start_span("caller"), timeout=0.3)
        assert isinstance(late.exception(30), TopicError)
        [wait] = recorder.named(WAIT)
        assert wait.attributes["rpc.response.status_code"] == "DEADLINE_EXCEEDED"
        assert not wait.status.is_ok


def test_a_task_that_is_cancelled_ends_its_spans(serve: Serve, gate: Gate, recorder: Recorder) -> None:
    for merging, name in ((Merging(), WAIT), (None, CALL)):
        with crowd(Tasks, serve(TopicService(gate.predict)), merging) as callers:
            leaves = ask(callers, "leaves", recorder.tracer.start_span("caller"))
            gate.next()
            leaves.cancel()
        [span] = recorder.named(name)
        assert span.attributes["rpc.response.status_code"] == "CANCELLED"
        recorder.memory.clear()


def test_callers_whose_traces_are_not_sampled_are_told_to_the_server(
    kind: type[Threads | Tasks], serve: Serve, gate: Gate, recorder: Recorder
) -> None:
    tracer = sdk.TracerProvider(sampler=sampling.ALWAYS_OFF).get_tracer("test")
    spans = [tracer.start_span("caller") for _ in range(3)]
    with crowd(kind, serve(TopicService(gate.predict)), Merging(in_flight=1)) as callers:
        asked = [ask(callers, "alone", spans[0])]
        assert told(gate.next()[1]) == [header(spans[0])]
        for i, span in enumerate([None, *spans[1:]]):
            asked.append(ask(callers, "shared", span))
            wait_for(callers, i + 1)
        gate.let_go(2)
        for answered in asked:
            topics(answered)
        assert told(gate.next()[1]) == [header(spans[1])]
    assert recorder.memory.get_finished_spans() == ()


def test_every_method_of_both_clients_tells_the_server(serve: Serve, recorder: Recorder) -> None:
    address = serve(TopicService(echo))

    async def ask_all() -> None:
        async with AsyncTopicClient.plaintext(address) as client:
            await client.describe_model()
            assert [topics.text async for topics in client.predict_many(["a"])] == ["a"]

    with recorder.tracer.start_as_current_span("caller") as parent, TopicClient.plaintext(address) as client:
        client.describe_model()
        assert [topics.text for topics in client.predict_many(["a"])] == ["a"]
        asyncio.run(ask_all())
    for name, count in ((CALL, 2), ("questiontopic.v1.TopicService/DescribeModel", 2)):
        assert [span.parent for span in recorder.named(name)] == [parent.get_span_context()] * count


def test_nothing_of_opentelemetry_is_imported_by_the_client(serve: Serve) -> None:
    program = (
        "import sys; from questiontopic import Merging, TopicClient\n"
        f"with TopicClient.plaintext('{serve(TopicService(echo))}', merging=Merging()) as client:\n"
        "    client.predict_topic(['a']); client.describe_model()\n"
        "print([name for name in sys.modules if 'opentelemetry' in name])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout == "[]\n"
