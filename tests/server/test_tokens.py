"""Tokens: who may call. Refused calls cost nothing, and no log tells a token."""

from __future__ import annotations

import json
import re
import secrets
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from server_process import DEFAULT_BUNDLE, refused
from token_server import METHOD, WHO, Metadata, TokensFile, bearer, call, ended_log, line, metric


@pytest.fixture
def file(tmp_path: Path) -> TokensFile:
    return TokensFile(tmp_path)


def test_only_a_known_token_is_answered_and_nothing_else_is_computed(file: TokensFile) -> None:
    known, other, wrong = (secrets.token_hex(32) for _ in range(3))
    digest = sha256(known.encode()).hexdigest()
    file.write("# callers", "", line("web", known), f"  jobs\t{sha256(other.encode()).hexdigest().upper()}  \r")
    with file.serving() as server:
        missing: list[Metadata] = [
            *((), (("authorization", ""),), (("authorization", "Bearer"),), (("authorization", f"Basic {known}"),)),
            *((("authorization", known),), (("x-token", f"Bearer {known}"),), bearer(f"{known} {known}")),
        ]
        unknown = [bearer(each) for each in (wrong, known[:-1], known.upper(), digest, f'"{known}"')]
        for refusals, reason in ((missing, "TOKEN_MISSING"), (unknown, "TOKEN_UNKNOWN")):
            for metadata in refusals:
                for message in (WHO, b"\xff", WHO * 300_000):
                    assert call(server, metadata, message) == reason, (metadata, len(message))
        describe = METHOD.replace("PredictTopic", "DescribeModel")
        assert call(server, (), b"", describe) == "TOKEN_MISSING"
        assert metric(server, "questiontopic_texts_total") == 0
        for metadata in (bearer(known), (("authorization", f"bEARER   {other}"),), (*missing[3], *bearer(known))):
            assert call(server, metadata) == "OK"
        assert call(server, bearer(known), b"\xff") == "INVALID_ARGUMENT"
        assert metric(server, "questiontopic_texts_total") == 3
        log = ended_log(server)
    assert [log.count(f'caller="{name}"') for name in ("web", "jobs", "")] == [3, 1, 3 * len(missing + unknown) + 1]
    for secret in (known, other, wrong, digest):
        assert secret not in log


def test_a_call_is_refused_before_its_message_has_come(file: TokensFile) -> None:
    file.write(line("web", "token"))
    ended = threading.Event()

    def no_message() -> Iterator[bytes]:
        ended.wait()
        yield from ()

    with file.serving() as server, grpc.insecure_channel(server.address) as channel:
        send: grpc.StreamUnaryMultiCallable[bytes, bytes] = channel.stream_unary(METHOD)
        try:
            with pytest.raises(grpc.RpcError) as raised:
                send(no_message(), timeout=20)
        finally:
            ended.set()
    assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_tokens_over_plaintext_need_a_decision(file: TokensFile) -> None:
    file.write(line("web", "token"))
    for decided in ([], ["--tokens-over-plaintext", "no"]):
        code, error = refused("--bundle", str(DEFAULT_BUNDLE), "--port", "0", "--tokens", str(file.path), *decided)
        assert (code, error.count("\n")) == (2, 1)
        assert error.startswith("questiontopic-server: error: --tokens: ")
        assert "--tls-certificate" in error and "--tokens-over-plaintext yes" in error


@pytest.mark.parametrize(("flags", "code"), [([], "OK"), (["--reflection", "no"], "UNIMPLEMENTED")])
def test_health_needs_no_token_and_reflection_can_be_closed(file: TokensFile, flags: list[str], code: str) -> None:
    file.write(line("web", "token"))
    with file.serving(*flags) as server, grpc.insecure_channel(server.address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        for service in ("", "questiontopic.v1.TopicService"):
            request = health_pb2.HealthCheckRequest(service=service)
            assert health.Check(request, timeout=20).status == health_pb2.HealthCheckResponse.SERVING
            assert next(health.Watch(request, timeout=20)).status == health_pb2.HealthCheckResponse.SERVING
        question = reflection_pb2.ServerReflectionRequest(list_services="")
        answers = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([question]), timeout=20)
        if code == "OK":
            assert {each.name for each in next(answers).list_services_response.service} >= {METHOD.split("/")[1]}
        else:
            with pytest.raises(grpc.RpcError) as raised:
                next(answers)
            assert raised.value.code().name == code


def test_a_trace_of_grpc_that_writes_metadata_is_left_out(file: TokensFile) -> None:
    known, unknown = secrets.token_hex(32), secrets.token_hex(32)
    file.write(line("web", known))
    with file.serving(trace="http,chttp2_hpack_parser") as server:
        assert [call(server, bearer(token)) for token in (known, unknown)] == ["OK", "TOKEN_UNKNOWN"]
        log = ended_log(server)
    assert "chttp2_transport.cc" in log  # The rest of the trace is there.
    assert known not in log and unknown not in log


def test_the_access_log_in_json_names_the_caller(file: TokensFile) -> None:
    file.write(line("Zoë".encode("ascii", "replace").decode(), "token"))
    with file.serving("--log-format", "json", "--log-level", "info") as server:
        assert call(server, bearer("token")) == "OK"
        log = ended_log(server)
    (said,) = [found for found in map(json.loads, re.findall("^{.*}$", log, re.MULTILINE)) if "caller" in found]
    assert (said["caller"], said["code"]) == ("Zo?", "OK")
