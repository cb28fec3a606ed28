"""The report pages open in a browser: no error on its console, nothing asked of the network, and something to see."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect
from server_process import DEFAULT_BUNDLE, ROOT

from .conftest import Open

PYTHON = ROOT / ".venv" / "dev" / "bin" / "python"
SCRIPT = """<script>console.error("run")</script>"""


@pytest.mark.parametrize("command", ["evaluate", "compare"])
def test_a_report_opens_and_is_not_blank(open_page: Open, tmp_path: Path, command: str) -> None:
    questions, report = tmp_path / "own.label", tmp_path / "page.html"
    labels = ["ABBR:exp", "DESC:def", "ENTY:animal", "HUM:ind", "LOC:city", "NUM:money"]
    questions.write_text("".join(f"{label} What is {SCRIPT} ?\n" for label in labels), "utf-8")
    bundles = [str(DEFAULT_BUNDLE)] * (2 if command == "compare" else 1)
    arguments = [command, *bundles, "--test", str(questions), "--output", str(report)]
    subprocess.run([str(PYTHON), "-m", "questiontopic_training", *arguments], check=True, timeout=300)

    asked: list[str] = []
    page = open_page("about:blank")
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    assert [address for address in asked if not address.startswith("data:")] == [report.as_uri()]
    expect(page.get_by_role("heading", level=1)).to_contain_text("usem3")
    expect(page.get_by_role("table").first).to_be_visible()
    if command == "evaluate":
        expect(page.get_by_text(SCRIPT).first).to_be_visible()
        sizes = page.evaluate("[...document.images].map((image) => image.naturalWidth)")
        assert sizes
        assert min(sizes) > 100
    width, window = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert width <= window
