"""Runs every example of the README. Only the server's address is replaced."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Serve
from .notebook import run_cell
from .service import TopicService

_README = (Path(__file__).parents[1] / "README.md").read_text()


def _examples(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", _README, re.DOTALL | re.MULTILINE)


def test_the_readme_has_examples() -> None:
    assert (len(_examples("python")), len(_examples("sh"))) == (5, 3)


_SYNC, _MANY, _AIO, _CELL, _TESTS = _examples("python")


@pytest.mark.parametrize("example", [_SYNC, _MANY, _AIO], ids=["sync", "many", "aio"])
def test_a_program(serve: Serve, example: str) -> None:
    program = example.replace("localhost:50051", serve(TopicService()))
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search("NUM|HUM", done.stdout)


def test_the_notebook_cell(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    imports = "from questiontopic import AsyncTopicClient\n"
    assert imports in _AIO  # The cell continues the program.
    run_cell(imports + _CELL.replace("localhost:50051", serve(TopicService())))
    assert capsys.readouterr().out == "NUM\n"


def test_the_tests_of_an_application(tmp_path: Path) -> None:
    (tmp_path / "test_application.py").write_text(_TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "pytest_questiontopic"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "2 passed" in done.stdout, done.stdout


@pytest.mark.parametrize("line", _examples("sh")[1].splitlines())
def test_a_command(serve: Serve, tmp_path: Path, line: str) -> None:
    (tmp_path / "questions.txt").write_text("What is your salary?\n")
    script = f'questiontopic() {{ "$PYTHON" -m questiontopic "$@"; }}\n{line}\n'
    environment = {**os.environ, "PYTHON": sys.executable, "QUESTIONTOPIC_ADDRESS": serve(TopicService())}
    done = subprocess.run(["sh", "-e", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    written = tmp_path / "topics.jsonl"
    assert "NUM" in (written.read_text() if written.exists() else done.stdout)


def test_the_commands_that_label_a_table(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "questions.csv").write_text("id,question\n1,What is your salary?\n")
    script = f'questiontopic() {{ "$PYTHON" -m questiontopic "$@"; }}\n{_examples("sh")[2]}'
    environment = {**os.environ, "PYTHON": sys.executable, "QUESTIONTOPIC_ADDRESS": serve(TopicService())}
    done = subprocess.run(["sh", "-e", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr.count(": 1 labelled, ")) == (0, 3), done.stderr
    assert (tmp_path / "labelled.csv").read_text() == done.stdout
    assert "1,What is your salary?,NUM,0.7500,NUM:money,0.7500,\n" in done.stdout
