import re
import subprocess
import sys
from pathlib import Path

import pytest

from questiontopic_training.__main__ import main


def test_evaluate_writes_page_and_figures_with_a_learning_curve(
    bundle_folder: Path, data_folder: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, figures = tmp_path / "pages" / "report.html", tmp_path / "figures"
    command = f"evaluate {bundle_folder} --data {data_folder} --cache {cache} --output {page} --figures {figures}"
    assert main(f"{command} --learning-curve --curve-recipe head".split()) == 0
    said = capsys.readouterr().out
    assert re.findall(r"head on (\d+) training questions", said) == ["14", "29", "58", "101", "144"]
    assert "language de" in said
    assert "held out from training, not on the test questions" in page.read_text("utf-8")
    assert (figures / "learning-curve.svg").is_file()


def test_evaluate_asks_the_questions_of_your_own_file(
    bundle_folder: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.csv"
    own.write_text("text,label\nWho invented tea ?,HUM:ind\nWhen was tea first seen ?,NUM:date\n", "utf-8")
    page = tmp_path / "report.html"
    assert main(f"evaluate {bundle_folder} --test {own} --cache {cache} --output {page}".split()) == 0
    assert "<code>own.csv</code>" in page.read_text("utf-8")
    capsys.readouterr()
    assert main(f"evaluate {bundle_folder} --data {own} --output {page}".split()) == 1
    assert capsys.readouterr().err == (
        f"questiontopic_training: {own}: the bundle was trained on it; name other questions by --test\n"
    )


def test_a_missing_bundle_is_one_line(data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(f"evaluate {tmp_path}/none --data {data_folder}".split()) == 1
    assert capsys.readouterr().err.endswith(f"questiontopic_training: {tmp_path}/none: no such bundle folder\n")


def test_reports_need_no_tensorflow() -> None:
    code = (
        "import sys, questiontopic_training.__main__, questiontopic_training.report.commands as c;"
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == 0


def test_compare_writes_a_page(
    bundle_folder: Path, data_folder: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "comparison.html"
    command = f"compare {bundle_folder} {bundle_folder} --data {data_folder} --cache {cache} --output {page}"
    assert main(command.split()) == 0
    assert "Both answer the same questions right." in capsys.readouterr().out
    assert "Fine labels, right → wrong: 0" in page.read_text("utf-8")
