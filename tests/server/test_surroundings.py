"""What surrounds the server: its log, its home folder, its variables, signals and strangers on its port."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import grpc
import pytest
from server_process import DEFAULT_BUNDLE, ServerProcess, server_python

from questiontopic import TopicClient
from questiontopic.v1.topic_pb2 import PredictTopicRequest
from questiontopic.v1.topic_pb2_grpc import TopicServiceStub

_BACKOFF = [(f"grpc.{which}_reconnect_backoff_ms", 20) for which in ("initial", "min", "max")]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def serves_and_ends_cleanly(redirection: str, tmp_path: Path) -> None:
    """Starts the server with its streams redirected by a shell, asks it, and demands exit code 0 after SIGTERM."""
    port = free_port()
    command = [*server_python(), "-m", "questiontopic_server", "--bundle", str(DEFAULT_BUNDLE), "--port", str(port)]
    shell = ["sh", "-c", f'exec "$@" {redirection}', "sh", *command, "--log-level", "debug"]
    process = subprocess.Popen(shell, cwd=tmp_path, stdin=subprocess.DEVNULL)
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}", _BACKOFF) as channel:
            ask = TopicServiceStub(channel).PredictTopic
            deadline = time.monotonic() + 60
            while True:
                try:
                    answer = ask(PredictTopicRequest(texts=["Who?"]), wait_for_ready=True, timeout=60)
                    break
                except grpc.RpcError as error:
                    assert error.code() == grpc.StatusCode.UNAVAILABLE, error  # It is still loading.
                    assert time.monotonic() < deadline
            assert len(answer.predictions) == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()


@pytest.mark.parametrize("redirection", ["2>/dev/full", "2>&-", ">&- 2>&- <&-", "2>/dev/null"])
def test_a_log_that_cannot_be_written_changes_nothing(redirection: str, tmp_path: Path) -> None:
    serves_and_ends_cleanly(redirection, tmp_path)


def test_a_closed_log_pipe_changes_nothing() -> None:
    with ServerProcess(DEFAULT_BUNDLE, "--log-level", "debug") as server:
        assert server.process.stderr
        server.process.stderr.close()
        server.process.stderr = None
        with TopicClient.plaintext(server.address) as client:
            for _ in range(3):
                assert len(client.predict_topic(["Who?"]).predictions) == 1
        server.terminate()
        assert server.process.wait(30) == 0


# As a user without a passwd entry finds it, in a container that names no home folder.
_NOBODY = """
import os, pwd, runpy
def nobody(uid): raise KeyError(uid)
pwd.getpwuid = nobody
del os.environ["HOME"]
runpy.run_module("questiontopic_server", run_name="__main__", alter_sys=True)
"""


def test_without_a_home_folder_the_table_stays_in_memory() -> None:
    with ServerProcess(start=["-c", _NOBODY]) as server, TopicClient.plaintext(server.address) as client:
        assert len(client.predict_topic(["Who?"]).predictions) == 1
        server.terminate()
        assert server.wait() == 0
    assert server.log.count("no home folder") == 1
    assert "Traceback" not in server.log


def refusal(*flags: str, environment: dict[str, str] | None = None) -> tuple[int, str]:
    command = [*server_python(), "-m", "questiontopic_server", *flags]
    run = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **(environment or {})}
    )
    return run.returncode, run.stderr


@pytest.mark.parametrize("cache", ["~nosuchuser/x", "~no.such.user"])
def test_the_home_folder_of_nobody_is_one_clear_line(cache: str) -> None:
    code, said = refusal("--bundle", "x", "--cache", cache)
    assert (code, said) == (2, f"questiontopic-server: error: --cache: has no such home folder: {cache!r}\n")


def test_an_empty_variable_is_unset() -> None:
    names = ("TLS_CERTIFICATE", "TLS_KEY", "TLS_CLIENT_CA", "CACHE", "PORT", "LOG_LEVEL", "WORKERS")
    with ServerProcess(environment={f"QUESTIONTOPIC_{name}": "" for name in names}) as server:
        assert "(plaintext)" in server.log


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("QUESTIONTOPIC_MAX_QEUE", "QUESTIONTOPIC_MAX_QUEUE"),
        ("QUESTIONTOPIC_TLS_CERT", "QUESTIONTOPIC_TLS_CERTIFICATE"),
        ("QUESTIONTOPIC_LOGLEVEL", "QUESTIONTOPIC_LOG_LEVEL"),
    ],
)
def test_a_misspelt_variable_is_told_with_the_nearest_one(given: str, meant: str) -> None:
    code, said = refusal("--bundle", "no/such/folder", "--port", "0", environment={given: "1"})
    assert code == 1
    assert (
        said.splitlines()[0]
        == f"questiontopic-server: warning: {given} is no setting and is ignored; did you mean {meant}?"
    )


def test_variables_that_others_set_are_not_told() -> None:
    links = {f"QUESTIONTOPIC_{name}": "x" for name in ("SERVICE_HOST", "SERVICE_PORT", "PORT_50051_TCP_ADDR")}
    assert "warning" not in refusal("--bundle", "no/such/folder", "--port", "0", environment=links)[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_each_of_these_signals_drains(number: signal.Signals) -> None:
    with ServerProcess() as server:
        server.process.send_signal(number)
        assert server.wait() == 0
    assert "drained" in server.log


def test_the_end_of_its_terminal_drains() -> None:
    ours, its = os.openpty()
    command = [*server_python(), "-m", "questiontopic_server", "--bundle", str(DEFAULT_BUNDLE), "--port", "0"]
    with subprocess.Popen(command, stderr=its, start_new_session=True) as process:
        os.close(its)
        log = ""
        while "serving" not in log:
            log += os.read(ours, 4096).decode()
        process.send_signal(signal.SIGHUP)
        assert process.wait(timeout=60) == 0
    assert "drained" in os.read(ours, 4096).decode()
    os.close(ours)


def test_an_unfinished_request_does_not_delay_the_end() -> None:
    with ServerProcess() as server, grpc.insecure_channel(server.address) as channel:
        unfinished: grpc.StreamUnaryMultiCallable[bytes, bytes] = channel.stream_unary(
            "/questiontopic.v1.TopicService/PredictTopic"
        )
        requests = Requests()
        call = unfinished.future(requests, timeout=60)
        assert len(TopicServiceStub(channel).PredictTopic(PredictTopicRequest(texts=["Who?"])).predictions) == 1
        began = time.monotonic()
        server.terminate()
        assert server.wait() == 0
        assert time.monotonic() - began < 1
        assert call.code() == grpc.StatusCode.UNAVAILABLE
        requests.end()
    assert "cut off" not in server.log


class Requests:
    """An iterator over no requests that does not end until it is told."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()

    def __iter__(self) -> Requests:
        return self

    def __next__(self) -> bytes:
        os.read(self._reading, 1)
        raise StopIteration

    def end(self) -> None:
        os.write(self._writing, b"x")


@pytest.mark.parametrize(
    "said", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x00\x05hello"], ids=["HTTP/1.1", "TLS"]
)
def test_a_stranger_leaves_a_trace_with_its_address_if_asked_for(said: bytes) -> None:
    with ServerProcess(DEFAULT_BUNDLE, "--log-level", "debug", environment={"GRPC_TRACE": "http"}) as server:
        host, _, port = server.address.rpartition(":")
        with socket.create_connection((host, int(port))) as stranger:
            peer = f"ipv4:127.0.0.1:{stranger.getsockname()[1]}"
            stranger.sendall(said)
            while stranger.recv(1024):
                pass
            server.wait_for(re.compile(rf"{re.escape(peer)}(.*\n)+.*Connect string mismatch"))


def test_a_refused_call_leaves_a_trace_with_its_address_at_debug() -> None:
    with (
        ServerProcess(DEFAULT_BUNDLE, "--log-level", "debug") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        with pytest.raises(grpc.RpcError):
            TopicServiceStub(channel).PredictTopic(PredictTopicRequest(texts=[""]), timeout=20)
        server.wait_for(
            re.compile(r"DEBUG questiontopic_server.service: ipv4:127.0.0.1:\d+: INVALID_ARGUMENT: texts\[0\]")
        )


def test_the_access_log_comes_while_the_server_runs() -> None:
    with ServerProcess(DEFAULT_BUNDLE, "--access-log", "all") as server:
        with TopicClient.plaintext(server.address) as client:
            client.predict(["Who?"])
            client.predict(["Where?"])
        server.wait_for(re.compile(r"call request_id(.|\n)*call request_id"))
