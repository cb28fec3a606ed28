"""`questiontopic label` when something stops it: kill -9, Ctrl-C, a server that goes away."""

from __future__ import annotations

import re
import signal
import subprocess
import threading
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest

from questiontopic import PredictTopicRequest, PredictTopicResponse, TopicError

from .command import start
from .conftest import Serve
from .labelling import coarse_service, json_rows, label, questions
from .server_process import server_process
from .service import TopicService, answer, hold, refuse

_FLAGS = ("--texts-per-call", "8", "--in-flight", "3")


class _HeldService(TopicService):
    """Answers a number of calls, and then holds every call."""

    def __init__(self) -> None:
        super().__init__()
        self.topics = {}
        self.answered = 0
        self.held = threading.Event()

    def go_on(self, calls: int) -> None:
        self.answered, self.held = calls, threading.Event()

    def answer(self, request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        with self._lock:
            self.answered -= 1
        if self.answered >= 0:
            return answer(request, context)
        self.held.set()
        hold(context)
        raise AssertionError("the call has ended")


def _label(service: TopicService, source: Path, output: Path, *flags: str) -> subprocess.Popen[bytes]:
    return start("label", "--address", service.address, str(source), "--output", str(output), *_FLAGS, *flags)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_job_that_was_killed_twice_writes_what_an_undisturbed_one_writes(
    serve: Serve, tmp_path: Path, form: str
) -> None:
    service, source, output = _HeldService(), tmp_path / "in.csv", tmp_path / f"out.{form}"
    source.write_bytes(questions(400))
    address = serve(service)
    sizes = [0]
    for calls in (10, 15):
        service.go_on(calls)
        with _label(service, source, output, "--resume") as process:
            assert service.held.wait(60)
            process.kill()
        assert process.returncode == -signal.SIGKILL
        sizes.append(output.stat().st_size)
    assert sizes == sorted(set(sizes)), "each run went on"
    service.go_on(1000)
    label(address, source, "--output", output, "--resume", *_FLAGS)
    label(address, source, "--output", tmp_path / f"whole.{form}", *_FLAGS)
    assert output.read_bytes() == (tmp_path / f"whole.{form}").read_bytes()


def test_ctrl_c_leaves_whole_rows_and_says_how_to_go_on(serve: Serve, tmp_path: Path) -> None:
    service, source, output = _HeldService(), tmp_path / "in.csv", tmp_path / "out.jsonl"
    source.write_bytes(questions(400))
    serve(service)
    service.go_on(20)
    with _label(service, source, output) as process:
        assert process.stderr
        assert service.held.wait(60)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read().decode()
        assert process.wait() == 130
    assert f"{output} has whole rows only; go on with --resume" in said
    assert "Traceback" not in said
    rows = json_rows(output.read_bytes())
    assert 0 < len(rows) < 400
    assert len(rows) % 8 == 0
    counted = re.search(r"^questiontopic: (\d+) rows: ", said, re.MULTILINE)
    assert counted, said
    # Rows are counted after they are written, and Ctrl-C can come between the two.
    assert len(rows) - 8 <= int(counted[1]) <= len(rows)


def test_ctrl_c_leaves_no_parquet(serve: Serve, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    service, source = _HeldService(), tmp_path / "in.csv"
    source.write_bytes(questions(400))
    serve(service)
    service.go_on(20)
    with _label(service, source, tmp_path / "out.parquet") as process:
        assert service.held.wait(60)
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
    assert [file.name for file in tmp_path.iterdir()] == ["in.csv"]


# gRPC itself makes four attempts of a call that is UNAVAILABLE.
@pytest.mark.parametrize(
    ("code", "failures"), [(grpc.StatusCode.UNAVAILABLE, 18), (grpc.StatusCode.DEADLINE_EXCEEDED, 5)]
)
def test_a_server_that_is_away_for_a_while_does_not_end_the_job(
    serve: Serve, tmp_path: Path, code: grpc.StatusCode, failures: int
) -> None:
    def away(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        if 10 < len(service.requests) <= 10 + failures:
            refuse(context, code=code)
        return answer(request, context)

    service, source = coarse_service(away), tmp_path / "in.csv"
    source.write_bytes(questions(400))
    address = serve(service)
    done = label(address, source, "--output", tmp_path / "out.csv", *_FLAGS)
    notes = [note for note in done.notes if "trying again" in note]
    assert notes
    for note in notes:
        assert note.startswith(f"{code.name}: refused") and note.endswith("; trying again for 300 seconds")
    label(serve(coarse_service()), source, "--output", tmp_path / "whole.csv", *_FLAGS)
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_patience_ends_and_the_job_can_be_resumed(serve: Serve, tmp_path: Path) -> None:
    service, source, output = TopicService(), tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(questions(400))

    def away(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        if len(service.requests) > 10:
            refuse(context, code=grpc.StatusCode.UNAVAILABLE)
        return answer(request, context)

    service = coarse_service(away)
    address = serve(service)
    with pytest.raises(TopicError, match="UNAVAILABLE"):
        label(address, source, "--output", output, "--patience", "0.5", *_FLAGS)
    assert output.stat().st_size > 100
    service.requests.clear()
    service.answer = answer  # type: ignore[method-assign]
    assert label(address, source, "--output", output, "--resume", *_FLAGS).notes[0].startswith("400 rows, ")


def test_an_error_that_waiting_does_not_change_ends_the_job_at_once(serve: Serve, tmp_path: Path) -> None:
    def fail(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        refuse(context, code=grpc.StatusCode.INTERNAL)

    source, service = tmp_path / "in.csv", coarse_service(fail)
    source.write_bytes(questions(8))
    with pytest.raises(TopicError, match="INTERNAL"):
        label(serve(service), source, "--output", tmp_path / "out.csv")
    assert len(service.requests) == 1


def test_a_real_server_may_restart_in_the_middle() -> None:
    row = b'{"text":"What is your salary?"}\n'
    flags = ("--format", "jsonl", "--texts-per-call", "8", "--in-flight", "1")
    with ExitStack() as stack:
        with server_process() as address:
            process = stack.enter_context(start("label", "--address", address, *flags))
            assert process.stdin and process.stdout
            process.stdin.write(8 * row)
            process.stdin.flush()
            first = [process.stdout.readline() for _ in range(8)]
        process.stdin.write(8 * row)  # While nobody serves.
        process.stdin.flush()
        with server_process("--port", address.rpartition(":")[2]):
            output, said = process.communicate()
    assert (process.returncode, set(output.splitlines(keepends=True))) == (0, set(first))
    assert output.count(b'"fine_topic":"NUM:money"') == 8
    assert b"16 rows: 16 labelled, 0 with an error" in said
