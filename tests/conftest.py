"""What the tests that cross parts share: one server process on the default bundle, and the three ways to call it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from questions import UNLABELLED, unlabelled_questions
from server_process import DEFAULT_BUNDLE, ROOT, ServerProcess, server_python

from questiontopic_model.bundle import read_bundle
from questiontopic_model.loading import load_topic_model
from questiontopic_model.topic_model import TopicModel


@pytest.fixture(scope="session")
def server() -> Iterator[ServerProcess]:
    with ServerProcess() as process:
        yield process


@pytest.fixture(scope="session")
def ensemble_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The most accurate bundle, put together from the committed ones."""
    folder = tmp_path_factory.mktemp("bundles") / "ensemble"
    subprocess.run(["make", "ensemble", f"OUTPUT={folder}"], cwd=ROOT, check=True)
    return folder


@pytest.fixture(scope="session", params=["ensemble", "minilm", "usem3"])
def bundle(request: pytest.FixtureRequest) -> Path:
    """Each committed bundle."""
    if request.param == "ensemble":
        folder: Path = request.getfixturevalue("ensemble_folder")
        return folder
    return ROOT / "models" / str(request.param)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> TopicModel:
    """The default bundle in this process."""
    return load_topic_model(read_bundle(DEFAULT_BUNDLE), "auto", tmp_path_factory.mktemp("cache"), 1)


@pytest.fixture(scope="session")
def grpcurl() -> str:
    """`make test` builds it from tools/go.mod."""
    found = shutil.which(os.environ.get("GRPCURL", "grpcurl"))
    if not found:
        pytest.skip("no grpcurl: name it in the environment variable GRPCURL, or run `make test`")
    return found


@pytest.fixture(scope="session")
def go_command(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The Go command, built from the source tree."""
    go = os.environ.get("GO", "go")
    if not shutil.which(go):
        pytest.skip("no Go toolchain: name it in the environment variable GO, or run `make test`")
    binary = tmp_path_factory.mktemp("go") / "questiontopic"
    build = [go, "build", "-o", str(binary), "./cmd/questiontopic"]
    subprocess.run(build, cwd=ROOT / "clients" / "go", check=True, env={**os.environ, "GOWORK": "off"})
    return [str(binary)]


@pytest.fixture(scope="session")
def python_command() -> list[str]:
    """The Python command in the serving environment."""
    return [*server_python(), "-m", "questiontopic"]


@pytest.fixture(scope="session")
def commands(go_command: list[str], python_command: list[str]) -> list[list[str]]:
    """The commands of both clients."""
    return [go_command, python_command]


@pytest.fixture(scope="session")
def twenty_thousand() -> list[str]:
    """20,000 questions: real ones where the project's shared data lies beside it, otherwise made from patterns."""
    return unlabelled_questions(20_000)


def pytest_report_header() -> str:
    return (
        f"questions: {UNLABELLED if UNLABELLED.is_dir() else 'made from patterns (no shared data beside the project)'}"
    )
