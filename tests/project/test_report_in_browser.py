"""The report pages open in a browser: no error on its console, nothing asked of the network, and something to see."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from server_process import DEFAULT_BUNDLE

from questiontopic_model.bundle import read_bundle

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
WIDTH, HEIGHT = 1100, 3000

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="no chromium on the PATH"),
]


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Questions of our own, one for each label of the default bundle, with what a careless page would run."""
    names = [label.name for label in read_bundle(DEFAULT_BUNDLE).manifest.fine_labels]
    rows = [f"""{name} What is <script>console.error("run")</script> number {at} ?""" for at, name in enumerate(names)]
    path = tmp_path_factory.mktemp("questions") / "own.label"
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return path


def made(command: list[str], questions: Path, page: Path) -> Path:
    run = [sys.executable, "-m", "questiontopic_training", *command, "--test", str(questions), "--output", str(page)]
    subprocess.run(run, check=True, timeout=300, capture_output=True)
    return page


def screenshot(page: Path, folder: Path) -> tuple[Path, str]:
    """The picture of a page, and what the browser wrote to its console."""
    picture = folder / "page.png"
    run = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            *(["--no-sandbox"] if os.geteuid() == 0 else []),  # The sandbox refuses root, as in a container.
            "--disable-gpu",
            "--hide-scrollbars",
            "--enable-logging=stderr",
            "--v=0",
            f"--user-data-dir={folder / 'profile'}",
            f"--window-size={WIDTH},{HEIGHT}",
            f"--screenshot={picture}",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return picture, "\n".join(line for line in run.stderr.splitlines() if ":CONSOLE" in line)


@pytest.mark.parametrize("command", ["evaluate", "compare"])
def test_a_page_opens_without_console_messages_and_is_not_blank(command: str, questions: Path, tmp_path: Path) -> None:
    bundles = [str(DEFAULT_BUNDLE)] * (2 if command == "compare" else 1)
    page = made([command, *bundles], questions, tmp_path / "page.html")
    picture, console = screenshot(page, tmp_path)
    assert console == ""
    pixels = (matplotlib.image.imread(picture)[..., :3] * 255).astype(np.uint8)
    assert pixels.shape[:2] == (HEIGHT, WIDTH)
    colours = np.unique(pixels.reshape(-1, 3), axis=0)
    assert len(colours) > 50
    dark = (pixels.max(axis=2) < 100).any(axis=1)
    assert dark.mean() > 0.1  # Lines with text, from the top on.
    assert dark[: HEIGHT // 10].any()


def test_the_console_is_heard(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<!DOCTYPE html><title>x</title><script>console.error("heard")</script>', "utf-8")
    _, console = screenshot(page, tmp_path)
    assert "heard" in console
