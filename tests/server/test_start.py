"""Starting: healthy only once the model has proved itself, and one clear line for whatever prevents it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
import trustme
from grpc_health.v1 import health_pb2, health_pb2_grpc
from server_process import DEFAULT_BUNDLE, ServerProcess, refused, server_python

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
# Try often enough to connect while the model is still loading, which takes well under a second.
BACKOFF = [(f"grpc.{which}_reconnect_backoff_ms", 20) for which in ("initial", "min", "max")]


def free_port() -> int:
    """A port for a server that is to be called before it can say its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_health_is_never_serving_before_the_model_answers() -> None:
    port = free_port()
    server = ServerProcess(port=port)
    server.start()
    seen: list[int] = []
    with grpc.insecure_channel(f"127.0.0.1:{port}", BACKOFF) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        ask = health_pb2.HealthCheckRequest(service="questiontopic.v1.TopicService")
        deadline = time.monotonic() + 60
        while SERVING not in seen:
            assert time.monotonic() < deadline
            status = health.Check(ask, wait_for_ready=True, timeout=60).status
            predict: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
                "/questiontopic.v1.TopicService/PredictTopic"
            )
            if status == SERVING:
                predict(b"\x0a\x04Who?", timeout=10)  # Raises unless it answers.
            elif not seen:
                with pytest.raises(grpc.RpcError) as raised:
                    predict(b"\x0a\x04Who?", timeout=10)
                assert raised.value.code() == grpc.StatusCode.UNAVAILABLE
            seen.append(status)
    server.terminate()
    assert server.wait() == 0, server.log
    assert set(seen) == {SERVING, NOT_SERVING}


@pytest.mark.parametrize(
    ("flags", "code", "reason"),
    [
        (["--bundle", "no/such/folder"], 1, "no/such/folder: no such bundle folder"),
        ([], 2, "--bundle: required"),
        (["--bundle", "x", "--port", "70000"], 2, "--port: must be a whole number from 0 to 65535, is '70000'"),
        (["--bundle", "x", "--runtime", "torch"], 2, "--runtime: must be one of auto, onnxruntime, tensorflow"),
        (["--bundle", "x", "--prot", "1"], 2, "unrecognized arguments: --prot"),
        (["--bundle", "x", "--tls-key", "k.pem"], 2, "--tls-certificate and --tls-key: give both or neither"),
        (["--bundle", "x", "--tls-certificate", "no.pem", "--tls-key", "no.pem"], 1, "no.pem: No such file"),
    ],
)
def test_one_clear_line_for_what_prevents_the_start(flags: list[str], code: int, reason: str) -> None:
    found, said = refused(*flags)
    assert found == code, said
    assert said.startswith(f"questiontopic-server: error: {reason}")
    assert len(said.splitlines()) == 1, said


def write_garbage(folder: Path) -> str:
    (folder / "certificate.pem").write_text("garbage")
    return "certificate.pem: holds no certificate in PEM format"


def write_half_a_certificate(folder: Path) -> str:
    file = folder / "certificate.pem"
    file.write_text(file.read_text() + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    return "certificate.pem: holds no certificate in PEM format, or a damaged one"


def write_a_garbage_key(folder: Path) -> str:
    (folder / "key.pem").write_text("garbage")
    return "key.pem: holds no private key in PEM format without a password"


def write_the_key_of_another(folder: Path) -> str:
    trustme.CA().issue_cert("127.0.0.1").private_key_pem.write_to_path(folder / "key.pem")
    return f"key.pem: is not the private key of {folder}/certificate.pem"


def write_a_garbage_client_authority(folder: Path) -> str:
    (folder / "client_ca.pem").write_text("garbage")
    return "client_ca.pem: holds no certificate in PEM format"


def remove_the_client_authority(folder: Path) -> str:
    (folder / "client_ca.pem").unlink()
    return "client_ca.pem: No such file or directory"


TLS_FAULTS = [
    write_garbage,
    write_half_a_certificate,
    write_a_garbage_key,
    write_the_key_of_another,
    write_a_garbage_client_authority,
    remove_the_client_authority,
]


@pytest.mark.parametrize("fault", TLS_FAULTS, ids=lambda fault: fault.__name__)
def test_one_clear_line_for_a_tls_file_of_no_use(tmp_path: Path, fault: Callable[[Path], str]) -> None:
    authority = trustme.CA()
    leaf = authority.issue_cert("127.0.0.1")
    leaf.cert_chain_pems[0].write_to_path(tmp_path / "certificate.pem")
    leaf.private_key_pem.write_to_path(tmp_path / "key.pem")
    authority.cert_pem.write_to_path(tmp_path / "client_ca.pem")
    reason = fault(tmp_path)
    flags = [f"--tls-{name.replace('_', '-')}={tmp_path / name}.pem" for name in ("certificate", "key", "client_ca")]
    code, said = refused("--bundle", str(DEFAULT_BUNDLE), "--port", "0", *flags)
    assert code == 1, said
    assert said.startswith(f"questiontopic-server: error: {tmp_path}/{reason}")
    assert len(said.splitlines()) == 1, said


def test_an_ipv6_address_needs_no_brackets_and_is_shown_with_them() -> None:
    with ServerProcess(host="::1") as server:
        assert server.address.startswith("[::1]:")
        with grpc.insecure_channel(server.address) as channel:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
    assert answer.status == SERVING


def test_sigterm_while_loading_ends_at_once_without_serving(tmp_path: Path) -> None:
    bundle, port = tmp_path / "bundle", free_port()
    shutil.copytree(DEFAULT_BUNDLE, bundle)
    os.truncate(bundle / "model.onnx", 1 << 38)  # Zeros that take no room on the disk and minutes to read.
    server = ServerProcess(bundle, port=port)
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}", BACKOFF) as channel:
        ask = health_pb2.HealthCheckRequest()
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(ask, wait_for_ready=True, timeout=60)
            assert answer.status == NOT_SERVING
            server.terminate()
            assert server.wait(10) == 0
        finally:
            server.process.kill()
    assert "stopped while loading" in server.log
    assert "serving" not in server.log


def test_sigterm_before_the_imports_is_not_lost() -> None:
    """It is sent when the settings are asked for: later than Python's own start, earlier than anything else of ours."""
    program = (
        "import os, runpy, signal, sys\n"
        "class SignalBeforeSettings:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.endswith('.settings'): os.kill(os.getpid(), signal.SIGTERM)\n"
        "sys.meta_path.insert(0, SignalBeforeSettings())\n"
        "runpy.run_module('questiontopic_server', run_name='__main__', alter_sys=True)\n"
    )
    command = [*server_python(), "-c", program, "--bundle", "no/such/folder"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.skipif(server_python() == [sys.executable], reason="only `make test` has an environment for serving alone")
def test_the_default_bundle_serves_without_tensorflow_and_its_absence_is_named() -> None:
    code, said = refused("--bundle", str(DEFAULT_BUNDLE), "--port", "0", "--runtime", "tensorflow")
    assert code == 1
    assert "TensorFlow is not installed" in said
    with ServerProcess() as server:
        assert "serving usem3" in server.log


def test_a_port_in_use_is_named(server: ServerProcess) -> None:
    code, said = refused("--bundle", str(DEFAULT_BUNDLE), "--port", server.address.rsplit(":")[-1])
    assert code == 1
    assert said == f"questiontopic-server: error: cannot listen on {server.address}: Address already in use\n"


def test_every_setting_is_in_the_help_with_its_environment_variable() -> None:
    command = [*server_python(), "-m", "questiontopic_server", "--help"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for name in (
        "bundle",
        "host",
        "port",
        "runtime",
        "threads",
        "max-batch",
        "max-queue",
        "drain-timeout",
        "log-level",
    ):
        assert f"--{name} " in said
        assert f"QUESTIONTOPIC_{name.upper().replace('-', '_')}" in said
