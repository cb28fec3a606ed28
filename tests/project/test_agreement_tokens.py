"""The Go and the Python command find the token in the same places, and say the same about a faulty one."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from commands import same
from server_process import ServerProcess
from token_server import TokensFile, line


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that knows the token `right`."""
    file = TokensFile(tmp_path_factory.mktemp("tokens"))
    file.write(line("web", "right"))
    with file.serving() as process:
        yield process


@pytest.mark.parametrize("ask", [["Who?"], ["--labels"]], ids=["text", "labels"])
def test_the_token_comes_from_a_file_or_else_from_the_variable(
    guarded: ServerProcess, commands: Sequence[list[str]], tmp_path: Path, ask: list[str]
) -> None:
    for content, variable, answered in (
        *(("right", "", True), (" \tright\r\n", "wrong", True), ("wrong-secret", "right", False)),
        *((None, "right", True), (None, "right\n", True), (None, "wrong-secret", False), (None, "", False)),
    ):
        flags = [] if content is None else ["--token-file", "token"]
        (tmp_path / "token").write_text(content or "")
        outcome = same(guarded, commands, *flags, *ask, folder=tmp_path, token=variable)
        assert outcome.code == (0 if answered else 1), (content, variable, outcome)
        assert outcome.error.startswith("" if answered else "questiontopic: UNAUTHENTICATED: the ")
        assert "secret" not in outcome.error


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"sec ret", b"secret\nsecret\n", "s\u00e9cret".encode(), b"\xef\xbb\xbfsecret", b"sec\x7fret"],
)
def test_a_faulty_token_is_wrong_usage_and_is_not_repeated(
    server: ServerProcess, commands: Sequence[list[str]], tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "file").write_bytes(content)
    outcome = same(server, commands, "--token-file", "file", "Who?", folder=tmp_path)
    wanted = "must be one token: printable ASCII without blanks"
    assert outcome == (2, "", f"questiontopic: --token-file: file: {wanted}\n")
    if content:
        outcome = same(server, commands, "Who?", token=os.fsdecode(content))
        assert outcome == (2, "", f"questiontopic: QUESTIONTOPIC_TOKEN: {wanted}\n")


@pytest.mark.parametrize(("path", "reason"), [("none", "no such file or directory"), (".", "is a directory")])
def test_a_file_of_a_token_that_cannot_be_read_is_wrong_usage(
    server: ServerProcess, commands: Sequence[list[str]], tmp_path: Path, path: str, reason: str
) -> None:
    outcome = same(server, commands, "--token-file", path, "Who?", folder=tmp_path, token="right")
    assert outcome == (2, "", f"questiontopic: --token-file: cannot read {path}: {reason}\n")


def test_help_shows_no_token(server: ServerProcess, commands: Sequence[list[str]]) -> None:
    for command in commands:
        environment = {**os.environ, "QUESTIONTOPIC_TOKEN": "secret"}
        done = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True, env=environment)
        assert "--token-file" in done.stdout and "QUESTIONTOPIC_TOKEN" in done.stdout
        assert "secret" not in done.stdout


def test_a_run_uses_a_token_that_changes_meanwhile(
    guarded: ServerProcess, commands: Sequence[list[str]], tmp_path: Path
) -> None:
    token = tmp_path / "token"
    for command in commands:
        token.write_text("right")
        flags = ["--address", guarded.address, "--token-file", str(token), "--texts-per-call", "1"]
        with subprocess.Popen(
            [*command, *flags, "--output", "jsonl"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdin and process.stdout and process.stderr
            for content, answered in (("right", True), ("", True), ("wrong", False)):
                token.write_text(content)
                process.stdin.write(b"Who?\n")
                process.stdin.flush()
                if answered:
                    assert json.loads(process.stdout.readline())["text"] == "Who?"
            assert process.wait(30) == 1
            assert process.stderr.read().startswith(b"questiontopic: UNAUTHENTICATED: ")
