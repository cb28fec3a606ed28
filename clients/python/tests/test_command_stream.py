"""Standard input: many calls at once, answers in order, and the output before a failure."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import grpc

from questiontopic import PredictTopicRequest, PredictTopicResponse

from .command import run, start
from .conftest import Serve
from .service import TopicService, answer, hold, refuse_bad


def _texts(output: str) -> list[str]:
    return [json.loads(line)["text"] for line in output.removesuffix("\n").split("\n") if line]


def test_each_line_is_a_text_and_blank_lines_can_be_left_out(serve: Serve) -> None:
    service = TopicService()
    lines = "  Who? \r\n\n \t\u3000\x1f\r\nWhat is\rthis?\r\n\nno\u2028end\x85of line"
    outcome = run("--address", serve(service), "--output", "jsonl", "--skip-blank", lines=lines)
    assert (outcome.code, outcome.error) == (0, "")
    assert [list(request.texts) for request in service.requests] == [
        ["  Who? ", "What is\rthis?", "no\u2028end\x85of line"]
    ]
    assert _texts(outcome.output) == ["  Who? ", "What is\rthis?", "no\u2028end\x85of line"]


def test_no_lines_make_no_call(serve: Serve) -> None:
    service = TopicService()
    address = serve(service)
    assert run("--address", address, "--skip-blank", lines="\n \n") == (0, "TOPIC         CONFIDENCE  TEXT\n", "")
    assert run("--address", address, "--output", "jsonl") == (0, "", "")
    assert not service.requests


def test_calls_are_full_except_the_last(serve: Serve) -> None:
    service = TopicService()
    lines = "".join(f"{i}\n\n" for i in range(130))
    run("--address", serve(service), "--in-flight", "1", "--skip-blank", lines=lines)
    assert [len(request.texts) for request in service.requests] == [64, 64, 2]
    assert [text for request in service.requests for text in request.texts] == [str(i) for i in range(130)]


def test_order_is_kept_when_later_calls_are_answered_first(serve: Serve) -> None:
    fourth = threading.Event()

    def late(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        if request.texts[0] == "4":
            fourth.set()
        assert fourth.wait(timeout=30), "the fourth call was not sent while the others waited"
        return answer(request, context)

    texts = [str(i) for i in range(1, 41)]
    flags = ["--address", serve(TopicService(late)), "--output", "jsonl", "--texts-per-call", "1", "--timeout", "60"]
    outcome = run(*flags, lines="\n".join(texts))
    assert (outcome.code, outcome.error) == (0, "")
    assert _texts(outcome.output) == texts


def test_no_more_calls_run_at_once_than_allowed(serve: Serve) -> None:
    together, lock, running, maximum = threading.Barrier(3), threading.Lock(), 0, 0

    def count(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        nonlocal running, maximum
        with lock:
            running += 1
            maximum = max(maximum, running)
        together.wait(timeout=30)
        with lock:
            running -= 1
        return answer(request, context)

    flags = ["--address", serve(TopicService(count)), "--texts-per-call", "1", "--in-flight", "3", "--timeout", "60"]
    assert run(*flags, lines="Who?\n" * 30).code == 0
    assert maximum == 3


def test_answers_come_while_input_is_still_open(serve: Serve) -> None:
    flags = ["--address", serve(TopicService()), "--output", "jsonl", "--texts-per-call", "1"]
    with start(*flags) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for text in ("first", "second"):
            process.stdin.write(f"{text}\n".encode())
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["text"] == text
        process.stdin.close()
        assert process.wait(timeout=30) == 0


def test_a_failed_call_ends_the_run_after_the_answers_before_it(serve: Serve) -> None:
    lines = "1\n\n2\n3\n\n4\n5\nbad\n7\n8\n"
    flags = ["--address", serve(TopicService(refuse_bad)), "--output", "jsonl", "--texts-per-call", "2"]
    outcome = run(*flags, "--skip-blank", lines=lines)
    assert (outcome.code, _texts(outcome.output)) == (1, ["1", "2", "3", "4"])
    assert outcome.error == "questiontopic: INVALID_ARGUMENT: texts[1]: must be good, not bad (line 8)\n"


def test_a_failed_call_ends_the_run_while_input_is_still_open(serve: Serve) -> None:
    with start("--address", serve(TopicService(refuse_bad)), "--texts-per-call", "1", "--output", "jsonl") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b"good\nbad\n")
        process.stdin.flush()
        assert process.wait(timeout=30) == 1
        assert _texts(process.stdout.read().decode()) == ["good"]
        assert process.stderr.read() == b"questiontopic: INVALID_ARGUMENT: texts[0]: must be good, not bad (line 2)\n"


def test_a_violation_of_a_texts_argument_has_no_line(serve: Serve) -> None:
    outcome = run("--address", serve(TopicService(refuse_bad)), "--output", "jsonl", "good", "bad")
    assert outcome == (1, "", "questiontopic: INVALID_ARGUMENT: texts[1]: must be good, not bad\n")


def test_invalid_utf_8_ends_the_run_after_the_answers_before_it(serve: Serve) -> None:
    lines = b"1\n2\n3\n\n4\xff\n5\n"
    outcome = run("--address", serve(TopicService()), "--output", "jsonl", "--texts-per-call", "2", lines=lines)
    assert (outcome.code, _texts(outcome.output)) == (1, ["1", "2", "3", ""])
    assert outcome.error == "questiontopic: line 5: not valid UTF-8\n"


def test_a_line_larger_than_the_limit_is_a_failure(serve: Serve) -> None:
    lines = b"1\n" + b"a" * 17_000_000
    outcome = run("--address", serve(TopicService()), "--output", "jsonl", lines=lines)
    assert (outcome.code, _texts(outcome.output)) == (1, ["1"])
    assert outcome.error == "questiontopic: line 2: longer than 16777216 bytes\n"


def test_a_closed_pipe_ends_the_run_without_a_message(serve: Serve) -> None:
    with start("--address", serve(TopicService()), "--texts-per-call", "1") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"TOPIC         CONFIDENCE  TEXT\n"
        process.stdout.close()
        process.stdin.write(b"Who?\n")
        process.stdin.flush()
        assert process.wait(timeout=30) == 141
        assert process.stderr.read() == b""


def test_output_that_cannot_be_written_is_one_line_and_code_1(serve: Serve) -> None:
    with (
        Path("/dev/full").open("wb") as full,
        start("--address", serve(TopicService()), "Who?", output=full) as process,
    ):
        _, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (1, b"questiontopic: No space left on device\n")


def test_an_interrupt_while_the_command_waits_for_input_is_code_130(serve: Serve) -> None:
    with start("--address", serve(TopicService()), "--texts-per-call", "1", "--output", "jsonl") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b"Who?\n")
        process.stdin.flush()
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
        assert process.stderr.read() == b""


def test_an_interrupt_during_a_call_is_code_130_and_cancels_it(serve: Serve) -> None:
    started, ended = threading.Event(), threading.Event()

    def wait(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        started.set()
        hold(context)
        ended.set()
        return PredictTopicResponse()

    with start("--address", serve(TopicService(wait)), "--timeout", "600", "Who?") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert started.wait(timeout=30)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
        assert process.stderr.read() == b""
    assert ended.wait(timeout=30)


def test_a_closed_standard_output_is_one_line_and_code_1() -> None:
    done = subprocess.run(["/bin/sh", "-c", '"$0" -m questiontopic Who? >&-', sys.executable], capture_output=True)
    assert (done.returncode, done.stderr) == (1, b"questiontopic: standard output is closed\n")
