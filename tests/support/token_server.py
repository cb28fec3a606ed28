"""A real server that demands tokens, and the file of tokens that an operator changes while it runs."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import grpc
from google.rpc import error_details_pb2 as details
from grpc_status import rpc_status
from server_process import DEFAULT_BUNDLE, ServerProcess

METHOD = "/questiontopic.v1.TopicService/PredictTopic"
WHO = b"\x0a\x04Who?"  # PredictTopicRequest(texts=["Who?"])
USED = re.compile("the tokens that changed are used from now on")
Metadata = tuple[tuple[str, str | bytes], ...]


class TokensFile:
    """A file of tokens, replaced at once as an operator should."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "tokens"

    def write(self, *lines: str) -> None:
        scratch = self.path.with_suffix(".new")
        scratch.write_text("\n".join(lines))
        scratch.replace(self.path)

    @contextmanager
    def serving(self, *flags: str, access_log: str = "all", trace: str = "") -> Iterator[ServerProcess]:
        """A server with metrics and a talkative log."""
        tokens = ["--tokens", str(self.path), "--tokens-over-plaintext", "yes", "--metrics-port", "0"]
        logs = ["--log-level", "debug", "--access-log", access_log]
        with ServerProcess(DEFAULT_BUNDLE, *tokens, *logs, *flags, environment={"GRPC_TRACE": trace}) as server:
            yield server


def line(name: str, token: str) -> str:
    return f"{name} {sha256(token.encode()).hexdigest()}"


def bearer(token: str) -> Metadata:
    return (("authorization", f"Bearer {token}"),)


def call(server: ServerProcess, metadata: Metadata, message: bytes = WHO, method: str = METHOD) -> str:
    """OK, the reason for which the caller is refused, or another status code."""
    with grpc.insecure_channel(server.address) as channel:
        send: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
        try:
            send(message, metadata=metadata, timeout=20)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.UNAUTHENTICATED:
                return error.code().name
            status = rpc_status.from_call(error)
            info = details.ErrorInfo()
            assert status and status.details[0].Unpack(info) and info.domain == "questiontopic"
            assert "x-request-id" in [each.key for each in error.trailing_metadata() or ()]
            return str(info.reason)
    return "OK"


def metric(server: ServerProcess, name: str) -> float:
    found = re.search(r"metrics on (\S+)", server.log)
    assert found
    with urllib.request.urlopen(found[1], timeout=10) as response:
        text = response.read().decode()
    return float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)[1])  # type: ignore[index]


def ended_log(server: ServerProcess) -> str:
    server.terminate()
    assert server.wait() == 0
    return server.log
