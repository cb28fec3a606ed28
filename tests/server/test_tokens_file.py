"""The file of tokens changes while the server runs: no call fails, and a bad file changes nothing."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import grpc
import pytest
from server_process import DEFAULT_BUNDLE, ServerProcess, refused
from token_server import METHOD, USED, WHO, TokensFile, bearer, call, ended_log, line, metric


@pytest.fixture
def file(tmp_path: Path) -> TokensFile:
    return TokensFile(tmp_path)


def test_ten_rotations_under_load_fail_no_call_and_a_revoked_token_is_refused_at_once(file: TokensFile) -> None:
    tokens = [secrets.token_hex(32) for _ in range(11)]
    newest, answered, ended = tokens[0], [0] * 4, threading.Event()
    file.write(line("web", newest))

    def ask(server: ServerProcess, number: int) -> None:
        with grpc.insecure_channel(server.address) as channel:
            send: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(METHOD)
            while not ended.is_set():
                send(WHO, metadata=bearer(newest), timeout=20)
                answered[number] += 1

    with (
        file.serving("--log-level", "info", access_log="off") as server,
        ThreadPoolExecutor() as threads,
    ):
        callers = [threads.submit(ask, server, number) for number in range(len(answered))]
        try:
            for old, new in pairwise(tokens):
                file.write(line("web", old), line("web", new))
                server.wait_for(USED)
                newest, before = new, list(answered)
                # A call that is under way may have the old token, but not the one after it.
                while any(now < then + 2 for now, then in zip(answered, before, strict=True)):
                    assert call(server, bearer(new)) == "OK"
                    assert not any(caller.done() for caller in callers)
                file.write(line("web", new))
                server.wait_for(USED)
                assert call(server, bearer(old)) == "TOKEN_UNKNOWN"
        finally:
            ended.set()
        for caller in callers:
            caller.result()
        assert metric(server, 'questiontopic_tokens_reload_total{result="used"}') == 20
        assert metric(server, 'questiontopic_tokens_reload_total{result="refused"}') == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda file, good, secret: file.write("# new", good, f"jobs {secret}"), "line 3: must be a name"),
        (lambda file, good, secret: file.write(f"{secret} web"), "line 1: must be a name"),
        (lambda file, good, secret: file.write(f"{good}  -"), "line 1: must be a name"),
        (lambda file, good, secret: file.write(good, good.replace("web", "jobs")), "line 2: another name has"),
        (lambda file, good, secret: file.write("# nobody"), "has no token, so that nobody could call"),
        (lambda file, good, secret: file.path.write_bytes(b"\xff\xfe" + good.encode("utf-16-le")), "line 1: must be"),
        (lambda file, good, secret: file.path.unlink(), "No such file or directory"),
    ],
    ids=["a token", "another order", "sha256sum", "two names", "no token", "UTF-16", "no file"],
)
def test_a_bad_new_file_keeps_the_tokens_and_is_told_once(
    file: TokensFile, change: Callable[[TokensFile, str, str], None], reason: str
) -> None:
    known, new = secrets.token_hex(32), secrets.token_hex(16)
    file.write(line("web", known), line("web", new))
    with file.serving() as server:
        change(file, line("web", known), new)
        for _ in range(3):
            assert call(server, bearer(known)) == "OK"
        assert metric(server, 'questiontopic_tokens_reload_total{result="refused"}') == 1
        file.write(line("web", known))
        assert call(server, bearer(known)) == "OK"
        assert call(server, bearer(new)) == "TOKEN_UNKNOWN"
        log = ended_log(server)
    assert len(re.findall(f"the tokens that changed are not used: {file.path}: {reason}", log)) == 1
    assert len(USED.findall(log)) == 1
    assert known not in log and new not in log


@pytest.mark.parametrize(
    ("content", "reason"),
    [("web secret-token", "line 1: must be a name"), ("", "has no token"), (None, "No such file")],
)
def test_a_bad_file_is_told_at_the_start_in_one_line(file: TokensFile, content: str | None, reason: str) -> None:
    if content is not None:
        file.write(content)
    code, error = refused(
        *("--bundle", str(DEFAULT_BUNDLE), "--port", "0", "--tokens", str(file.path), "--tokens-over-plaintext", "yes")
    )
    assert (code, error.count("\n")) == (1, 1)
    assert error.startswith(f"questiontopic-server: error: {file.path}: {reason}")
    assert "secret-token" not in error
