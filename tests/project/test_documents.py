"""What README.md and docs/ say about the project is true: links, tables, settings."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from documents import DOCUMENTS, README
from server_process import ROOT, server_python

FIGURES = [README, ROOT / "docs" / "training.md", ROOT / "docs" / "recipes.json"]


def anchors(document: Path) -> set[str]:
    """The headings as links name them: lower case, hyphens for blanks, no punctuation."""
    headings = re.findall(r"^#+ (.+)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", [*DOCUMENTS, ROOT / "CONTRIBUTING.md"], ids=lambda document: document.name)
def test_links_lead_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", document.read_text("utf-8")):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_the_named_modules_exist(document: Path) -> None:
    parts = ("bench", "clients/python", "server", "tests", "training")
    modules = [f"/{path.relative_to(ROOT)}" for part in parts for path in (ROOT / part).rglob("*.py")]
    named = re.findall(r"`([\w/]+\.py)\b", document.read_text("utf-8"))
    assert [name for name in named if not any(module.endswith(f"/{name}") for module in modules)] == []


def test_the_readme_is_read_in_three_minutes() -> None:
    assert len(README.read_text("utf-8").split()) <= 900


def test_the_figures_are_what_the_command_makes_of_the_bundles() -> None:
    before = {path: path.read_bytes() for path in FIGURES}
    try:
        subprocess.run([sys.executable, str(ROOT / "docs" / "figures.py")], check=True, timeout=60)
        assert {path: path.read_bytes() for path in FIGURES} == before
    finally:
        for path, content in before.items():
            path.write_bytes(content)


def test_operations_names_every_setting() -> None:
    command = [*server_python(), "-m", "questiontopic_server", "--help"]
    help_text = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    flags = set(re.findall(r"^  (--[a-z-]+)", help_text, re.MULTILINE)) - {"--help", "--version"}
    settings = (ROOT / "docs" / "operations.md").read_text("utf-8").partition("## Settings")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(--[a-z-]+)`", settings)) == flags
