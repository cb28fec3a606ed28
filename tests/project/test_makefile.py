"""The Makefile: what it says before it works, blanks in names, and which Go it takes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from questions import TREC
from server_process import ROOT, wait_for_log

# Without what an outer make passes on: its level alone makes the inner one print which folder it enters.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}


def make(*arguments: str, folder: Path = ROOT, path: str = os.environ["PATH"]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env={**ENVIRONMENT, "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the Makefile needs, in a folder with a blank in its name, with this project's environments."""
    folder = tmp_path / "question topic"
    shutil.copytree(ROOT / "models", folder / "models")
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    for name in ("Makefile", "environments.mk", "server/pyproject.toml", "clients/python/pyproject.toml"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    return folder


def test_help_lists_the_commands() -> None:
    named = {line.split()[1] for line in make("help").stdout.splitlines()}
    assert {"help", "serve", "test", "check", "train", "generate", "image"} <= named


@pytest.mark.skipif(not (ROOT / ".venv" / "serve" / ".ready").exists(), reason="`make serve` makes the environment")
def test_serves_in_a_folder_with_a_blank_in_its_name(checkout: Path) -> None:
    (checkout / ".venv").symlink_to(ROOT / ".venv")
    (checkout / "models" / "usem3").rename(checkout / "models" / "my model")
    with subprocess.Popen(
        ["make", "serve", "BUNDLE=models/my model", "PORT=50062"],
        cwd=checkout,
        env=ENVIRONMENT,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            wait_for_log(process, re.compile(r"serving usem3 \S+ on 127.0.0.1:50062"))
        finally:
            with suppress(ProcessLookupError):  # It has ended, and the error above says why.
                os.killpg(process.pid, signal.SIGTERM)
            process.communicate(timeout=60)


def test_says_what_it_will_install_before_it_does(checkout: Path) -> None:
    run = make("serve", "PYTHON=false", folder=checkout)
    assert run.returncode == 2
    assert re.match(r"making \.venv/serve, once: downloads \d+ MB, installs \d+ MB; about .*\n", run.stderr)


@pytest.mark.parametrize("target", ["train", "report"])
def test_a_file_with_a_blank_in_its_name_is_one_argument(target: str) -> None:
    assert '--data "my intents.csv"' in make("--dry-run", target, "DATA=my intents.csv").stdout


@pytest.mark.skipif(not TREC.is_dir(), reason="no ../shared/data/trec beside the project")
def test_train_finds_the_data_beside_the_project() -> None:
    assert f'--data "{os.path.relpath(TREC, ROOT)}"' in make("--dry-run", "train").stdout


@pytest.mark.parametrize(
    ("bundle", "said"),
    [
        ("models/ensemble", "models/ensemble: its members are missing; run: make ensemble && "),
        ("nowhere", "nowhere: no bundle: it has no manifest.json"),
    ],
)
def test_a_bundle_that_cannot_be_served_is_told_before_anything_is_installed(bundle: str, said: str) -> None:
    run = make("serve", f"BUNDLE={bundle}")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith(said)


@pytest.mark.parametrize("forbidden", ["", "1", "yes"])
def test_the_tests_keep_bytecode_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forbidden: str) -> None:
    monkeypatch.setitem(ENVIRONMENT, "PYTHONDONTWRITEBYTECODE", forbidden)
    pytest_in_place = tmp_path / "bin" / "pytest"
    pytest_in_place.parent.mkdir()
    pytest_in_place.write_text('#!/bin/sh\necho "[$PYTHONDONTWRITEBYTECODE] $PYTHONPYCACHEPREFIX"\n')
    pytest_in_place.chmod(0o755)
    for name in (".ready", ".minilm"):
        (tmp_path / name).touch()
    tools = ["--old-file=.tools/go", "--old-file=.tools/grpcurl"]
    run = make("--silent", "test", f"SERVE={tmp_path}", f"DEV={tmp_path}", "GO_MODULES=", *tools)
    assert run.stdout == f"[] {ROOT}/.cache/bytecode\n", run.stderr


@pytest.mark.parametrize(("version", "taken"), [("go1.19.8", False), ("go1.25.1", False), ("go1.26.0", True)])
def test_an_old_go_is_replaced(checkout: Path, tmp_path: Path, version: str, taken: bool) -> None:
    """The pinned one is taken to be installed already."""
    (checkout / "clients" / "go").mkdir()
    (checkout / ".venv" / "go").mkdir(parents=True)
    (checkout / ".venv" / "go" / ".ready").touch()
    (tmp_path / "go").write_text(f"#!/bin/sh\necho go version {version} linux/amd64\n")
    (tmp_path / "go").chmod(0o755)
    run = make(".tools/go", folder=checkout, path=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert run.returncode == 0, run.stderr
    chosen = tmp_path / "go" if taken else checkout / ".venv" / "go" / "bin" / "go"
    assert f'exec "{chosen}" ' in (checkout / ".tools" / "go").read_text()
    said = "" if taken else f"{tmp_path}/go is older than Go 1.26 and fetches no newer one: installing Go in .venv/go"
    assert run.stderr.startswith(said)
    assert len(run.stderr.splitlines()) == (not taken)


@pytest.mark.skipif(not (ROOT / ".git").exists() or not shutil.which("git"), reason="no git checkout")
@pytest.mark.parametrize("name", ["io.github.questiontopic.v1", "com.example"])
def test_the_contract_is_compared_with_one_that_names_its_java_package(tmp_path: Path, name: str) -> None:
    baseline = make("--eval", "baseline: ; @echo $(BASELINE)", "baseline").stdout.strip()
    folder = subprocess.check_output(["git", "rev-parse", "--git-common-dir"], cwd=ROOT, text=True).strip()
    contract = tmp_path / "proto" / "questiontopic" / "v1" / "topic.proto"
    shutil.copytree(ROOT / "proto", tmp_path / "proto")
    shutil.copy2(ROOT / "buf.yaml", tmp_path)
    contract.write_text(contract.read_text("utf-8").replace("io.github.questiontopic.v1", name), "utf-8")
    buf = [str(Path(sys.executable).with_name("buf")), "breaking", "--against", f"{ROOT / folder}#ref={baseline}"]
    run = subprocess.run(buf, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert ("java_package" in run.stdout) is (name == "com.example"), run.stdout + run.stderr
    assert run.returncode == (100 if name == "com.example" else 0)
