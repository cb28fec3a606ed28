"""Every command and program in the README runs: here, word for word, or in .ci/run."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from questions import TREC
from server_process import ROOT, wait_for_log

README = (ROOT / "README.md").read_text("utf-8")
CI = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
COMMANDS = [line for language, block in BLOCKS if language == "sh" for line in block.splitlines()]
ENSEMBLE = ["make ensemble", "make serve BUNDLE=build/together"]
SERVED = [line for line in COMMANDS if line.startswith(("grpcurl ", ".venv/serve/bin/"))]

pytestmark = pytest.mark.skipif(
    not (ROOT / ".venv" / "serve" / ".ready").exists(), reason="the README's environment is made by `make serve`"
)


def program(language: str) -> str:
    (found,) = [block for kind, block in BLOCKS if kind == language]
    return found


@pytest.fixture(scope="module")
def environment(grpcurl: str) -> dict[str, str]:
    tools = f"{Path(grpcurl).parent}{os.pathsep}{Path(os.environ.get('GO', 'go')).parent}"
    return {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "MAKEFLAGS": ""}


@pytest.fixture(scope="module")
def served(environment: dict[str, str]) -> Iterator[str]:
    """`make serve`, on the port that the README names; what it said."""
    command = ["make", "serve"]
    assert shlex.join(command) in COMMANDS
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            yield wait_for_log(process, re.compile(r"serving usem3 \S+ on 127.0.0.1:50051 \(plaintext\)"))
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.communicate(timeout=60)


@pytest.mark.parametrize("command", SERVED)
def test_command(served: str, environment: dict[str, str], command: str) -> None:
    run = subprocess.run(
        shlex.split(command), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout


def test_the_go_program(served: str, environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "main.go").write_text(program("go"), "utf-8")
    command = [os.environ.get("GO", "go"), "run", str(tmp_path / "main.go")]
    run = subprocess.run(
        command, cwd=ROOT / "clients" / "go", env=environment, capture_output=True, text=True, check=True, timeout=300
    )
    assert run.stdout.startswith("NUM map[ABBR:")


def test_the_python_program(served: str, environment: dict[str, str]) -> None:
    command = [sys.executable, "-c", program("python")]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.startswith("NUM {")


@pytest.mark.parametrize("command", [line for line in COMMANDS if line.startswith("make ")])
def test_make_commands_run_in_ci_or_here(command: str) -> None:
    here = {"make serve", "make test", "make help", *ENSEMBLE}  # `make test` is what runs this.
    long = {"make train"}  # Most of an hour: the committed bundle is what it made, and test_training compares them.
    assert command in here | long or command in {line.strip() for line in CI}


def test_the_ensemble_is_served(environment: dict[str, str]) -> None:
    together, serve = map(shlex.split, ENSEMBLE)
    assert all(command in COMMANDS for command in ENSEMBLE)
    subprocess.run(together, cwd=ROOT, env=environment, check=True, timeout=60)
    with subprocess.Popen(
        [*serve, "PORT=50061"], cwd=ROOT, env=environment, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            wait_for_log(process, re.compile(r"serving ensemble \S+ on 127.0.0.1:50061"))
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.communicate(timeout=60)


def test_make_help_lists_the_commands(environment: dict[str, str]) -> None:
    run = subprocess.run(["make", "help"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    named = {line.split()[1] for line in run.stdout.splitlines()}
    assert {"help", "serve", "test", "check", "train", "generate", "image"} <= named


def test_no_command_is_left_out() -> None:
    docker = [line for line in COMMANDS if line.startswith("docker ")]  # test_image_of_the_readme and test_image.
    made = [line for line in COMMANDS if line.startswith("make ")]
    assert sorted(COMMANDS) == sorted([*SERVED, *made, *docker])


def test_the_tables_are_what_the_command_makes_of_the_bundles() -> None:
    command = [sys.executable, str(ROOT / "docs" / "figures.py")]
    before = {path: path.read_bytes() for path in (ROOT / "README.md", ROOT / "docs" / "recipes.json")}
    try:
        subprocess.run(command, check=True, timeout=60)
        assert {path: path.read_bytes() for path in before} == before
    finally:
        for path, content in before.items():
            path.write_bytes(content)


@pytest.mark.engine
@pytest.mark.skipif("DOCKER_HOST" not in os.environ, reason="no container engine: DOCKER_HOST is not set")
def test_image_of_the_readme(environment: dict[str, str]) -> None:
    """`make image` ran before, in .ci/run."""
    (command,) = [line for line in COMMANDS if line.startswith("docker run ")]
    with subprocess.Popen(shlex.split(command), cwd=ROOT, env=environment, stderr=subprocess.PIPE) as process:
        try:
            wait_for_log(process, re.compile(r"serving usem3 \S+ on 0.0.0.0:50051"))
            ask = [".venv/serve/bin/questiontopic", "What is your salary?"]
            answer = subprocess.run(ask, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
            assert "NUM" in answer.stdout
        finally:
            process.send_signal(signal.SIGTERM)  # The docker client passes it on.
            process.communicate(timeout=60)
    assert process.returncode == 0


@pytest.mark.skipif(not TREC.is_dir(), reason="no ../shared/data/trec beside the project")
def test_make_train_finds_the_data_beside_the_project() -> None:
    run = subprocess.run(
        ["make", "--dry-run", "train"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert f"--data {os.path.relpath(TREC, ROOT)}" in run.stdout
