"""Any metadata that gRPC carries is harmless: the call gets an answer and a request id, or its token is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import grpc
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from server_process import DEFAULT_BUNDLE, ServerProcess
from token_server import METHOD, WHO, Metadata
from trace_receiver import receiving

from questiontopic_server.errors import TokenMissing, TokenUnknown
from questiontopic_server.security.tokens import Tokens

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NAMES = ["x-request-id", "traceparent", "tracestate", "authorization", "baggage", "x-any", "x-any-bin"]
# gRPC carries printable ASCII, and any bytes under a name that ends in -bin.
printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=150)
near_valid = st.builds(lambda at, sign: TRACE[:at] + sign + TRACE[at + 1 :], st.integers(0, len(TRACE)), printable)
values = printable | near_valid | st.sampled_from([TRACE, "Bearer token", "bearer  token", "a=1,b=2", "x" * 1_500])


def entry(name: str) -> st.SearchStrategy[tuple[str, str | bytes]]:
    return st.tuples(st.just(name), st.binary(max_size=50) if name.endswith("-bin") else values)


metadata = st.lists(st.sampled_from(NAMES).flatmap(entry), max_size=4).map(tuple)


@pytest.fixture(scope="module")
def send() -> Iterator[grpc.UnaryUnaryMultiCallable[bytes, bytes]]:
    with receiving() as receiver:
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}
        with (
            ServerProcess(DEFAULT_BUNDLE, "--traces", "yes", environment=environment) as server,
            grpc.insecure_channel(server.address) as channel,
        ):
            yield channel.unary_unary(METHOD)


@settings(deadline=None)
@given(sent=metadata)
@example(sent=(("x-request-id", "a" * 128),) * 40)
def test_a_call_with_any_metadata_is_answered(send: grpc.UnaryUnaryMultiCallable[bytes, bytes], sent: Metadata) -> None:
    _, call = send.with_call(WHO, metadata=sent, timeout=20)
    (request_id,) = [str(value) for name, value in call.trailing_metadata() if name == "x-request-id"]
    assert re.fullmatch(r"[!-~]{1,2048}", request_id)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=metadata)
def test_any_metadata_has_a_token_or_is_refused(tmp_path: Path, sent: Metadata) -> None:
    file = tmp_path / "tokens"
    if not file.exists():
        file.write_text(f"web {sha256(b'token').hexdigest()}\n")
    has_token = any(name == "authorization" and value in ("Bearer token", "bearer  token") for name, value in sent)
    try:
        assert Tokens(file, lambda _: None).caller(sent) == "web"
    except (TokenMissing, TokenUnknown):
        # The first value that is a bearer's token decides.
        assert not has_token or sum(name == "authorization" for name, _ in sent) > 1
