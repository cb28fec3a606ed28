"""Every command and program of README.md and docs/ runs: here, word for word, in tests/browser or in .ci/run."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from documents import README, Block, blocks, commands
from server_process import DEFAULT_BUNDLE, ROOT, ServerProcess, wait_for_log

from questiontopic_server import __version__

ENSEMBLE = ["make ensemble", "make serve BUNDLE=build/together"]
ON_ENGINE = {"make up", 'make up ARGS="--scale server=2"', "make down"}  # test_compose
HERE = {"make serve", "make demo", "make test", *ENSEMBLE, *ON_ENGINE}  # `make test` runs this file.
LONG = {
    "make train",
    "make bench",
}  # Most of an hour each. test_training compares a committed bundle with its training.
SERVED = [line for line in commands() if line.startswith(("grpcurl ", ".venv/serve/bin/"))]
WEB = [line for line in commands() if line.startswith("curl ")]
MADE = [line for line in commands() if line.startswith("make ")]
CONTAINERS = [line for line in commands() if line.startswith("docker ")]  # Below, and in test_image.
JAVASCRIPT = [
    line for line in commands() if line.startswith(("npm ", "npx ", "protoc "))
]  # tests/browser/test_javascript.py
TOKENS = [line for line in commands() if line.startswith(("(umask ", "printf "))]
READ_ELSEWHERE = {
    "csv",
    "jsonl",
    "label",
    "js",
    "html",
    "yaml",
}  # tests/models/test_own_labels.py, tests/browser/test_javascript.py, tests/deploy/test_manifests.py

needs_environment = pytest.mark.skipif(
    not (ROOT / ".venv" / "serve" / ".ready").exists(),
    reason="the environment of the documents is made by `make serve`",
)


@contextmanager
def running(command: list[str], environment: dict[str, str], sign: str) -> Iterator[None]:
    """Runs a command until the block ends; waits first until its standard error shows the sign."""
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            wait_for_log(process, re.compile(sign))
            yield
        finally:
            with suppress(ProcessLookupError):  # It has ended, and the error above says why.
                os.killpg(process.pid, signal.SIGTERM)
            process.communicate(timeout=60)


@pytest.fixture(scope="module")
def environment(grpcurl: str) -> dict[str, str]:
    path = f"{Path(grpcurl).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "MAKEFLAGS": ""}


@pytest.fixture(scope="module")
def served(environment: dict[str, str]) -> Iterator[None]:
    """`make serve`, on the port that the documents name."""
    with running(["make", "serve"], environment, r"serving usem3 \S+ on 127.0.0.1:50051 \(plaintext\)"):
        yield


@pytest.fixture(scope="module")
def demo(environment: dict[str, str]) -> Iterator[None]:
    """`make demo`, with its page on the port that the documents name, and a server on a port of its own."""
    with running(
        ["make", "demo", "PORT=50063"], environment, r"(?s)(?=.*serving usem3 )(?=.*serving http://127.0.0.1:8888/ )"
    ):
        yield


def ran(command: list[str], environment: dict[str, str], folder: Path = ROOT, seconds: float = 60) -> str:
    """What a command prints; it must succeed."""
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_every_block_is_run_or_read() -> None:
    assert {block.language for block in blocks()} <= {"sh", "go", "python", "json", "text"} | READ_ELSEWHERE


def test_every_command_runs() -> None:
    assert sorted(commands()) == sorted([*SERVED, *WEB, *MADE, *CONTAINERS, *JAVASCRIPT, *TOKENS])


def test_make_commands_run_in_ci_or_here() -> None:
    in_ci = (ROOT / ".ci" / "run").read_text("utf-8")
    assert [
        line for line in MADE if line not in HERE | LONG and not re.search(rf"\b{line}$", in_ci, re.MULTILINE)
    ] == []


@needs_environment
@pytest.mark.parametrize("command", SERVED)
def test_a_command(served: None, environment: dict[str, str], command: str) -> None:
    assert ran(shlex.split(command), environment)


@needs_environment
@pytest.mark.skipif(not shutil.which("curl"), reason="no curl on the PATH")
@pytest.mark.parametrize("command", WEB)
def test_a_command_for_the_web(demo: None, environment: dict[str, str], command: str) -> None:
    answer = json.loads(ran(shlex.split(command), environment))
    assert "code" not in answer, answer
    if "output" in answer:
        confidences = answer["output"][-1]
        assert max(confidences, key=confidences.get) == "NUM"


@needs_environment
def test_the_answer_of_the_readme(served: None, environment: dict[str, str]) -> None:
    (shown,) = (json.loads(block.text) for block in blocks("json") if block.document == README)
    (call,) = (line for line in SERVED if line in README.read_text("utf-8") and "PredictTopic" in line)
    answer = json.loads(ran(shlex.split(call), environment))
    assert answer["model"]["name"] == shown["model"]["name"]
    (found,), (expected,) = answer["predictions"], shown["predictions"]
    assert found["coarse"]["topTopic"] == expected["coarse"]["topTopic"]
    assert found["coarse"]["confidences"] == pytest.approx(expected["coarse"]["confidences"], abs=1e-3)


@needs_environment
@pytest.mark.parametrize("block", blocks("go"), ids=lambda block: block.document.name)
def test_a_go_program(served: None, environment: dict[str, str], tmp_path: Path, block: Block) -> None:
    (tmp_path / "main.go").write_text(block.text, "utf-8")
    printed = ran(["go", "run", str(tmp_path / "main.go")], environment, ROOT / "clients" / "go", 300)
    assert printed.startswith("NUM")


@needs_environment
@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: block.document.name)
def test_a_python_program(served: None, environment: dict[str, str], block: Block) -> None:
    assert ran([sys.executable, "-c", block.text], environment).startswith("NUM")


@needs_environment
def test_the_commands_for_a_token(environment: dict[str, str], tmp_path: Path) -> None:
    for command in TOKENS * 2:  # The second time they rotate it.
        ran(["sh", "-c", command], environment, tmp_path)
    assert (tmp_path / "web.token").stat().st_mode & 0o077 == 0
    tokens = ["--tokens", str(tmp_path / "tokens"), "--tokens-over-plaintext", "yes"]
    with ServerProcess(DEFAULT_BUNDLE, *tokens) as server:
        ask = [sys.executable, "-m", "questiontopic", "--address", server.address, "--token-file", "web.token"]
        assert "NUM" in ran([*ask, "What is your salary?"], environment, tmp_path)


@needs_environment
def test_the_ensemble_is_served(environment: dict[str, str]) -> None:
    together, serve = map(shlex.split, ENSEMBLE)
    ran(together, environment)
    with running([*serve, "PORT=50061"], environment, r"serving ensemble \S+ on 127.0.0.1:50061"):
        pass


@pytest.mark.engine
@pytest.mark.skipif("DOCKER_HOST" not in os.environ, reason="no container engine: DOCKER_HOST is not set")
def test_the_image_of_the_readme(environment: dict[str, str]) -> None:
    """`make image` ran before, in .ci/run."""
    version = ran(["docker", "run", "--rm", "question-topic", "--version"], environment)
    label = '{{index .Config.Labels "org.opencontainers.image.version"}}'
    assert ran(["docker", "image", "inspect", "--format", label, "question-topic"], environment).strip() == __version__
    assert version.split()[-1] == __version__

    (command,) = [line for line in CONTAINERS if line.startswith("docker run ")]
    with subprocess.Popen(shlex.split(command), cwd=ROOT, env=environment, stderr=subprocess.PIPE) as process:
        try:
            wait_for_log(process, re.compile(r"serving usem3 \S+ on 0.0.0.0:50051"))
            assert "NUM" in ran([".venv/serve/bin/questiontopic", "What is your salary?"], environment)
        finally:
            process.send_signal(signal.SIGTERM)  # The docker client passes it on.
            process.communicate(timeout=60)
    assert process.returncode == 0
