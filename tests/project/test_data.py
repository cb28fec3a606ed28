"""Other people's questions are read from beside the project and never committed."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from questions import TREC, UNLABELLED
from server_process import ROOT

_LETTERS = re.compile(r"[^a-z0-9]+")
_SHORTEST = 13  # Letters and digits; shorter rows, such as "What is a fear ?", are anyone's.


def _plain(text: str) -> str:
    return _LETTERS.sub("", text.lower())


def _rows() -> set[str]:
    labelled = [
        line.split(" ", 1)[1] for file in TREC.glob("*.label") for line in file.read_text("latin-1").splitlines()
    ]
    unlabelled = [line for file in UNLABELLED.glob("*.txt") for line in file.read_text("utf-8").splitlines()]
    return {plain for row in [*labelled, *unlabelled] if len(plain := _plain(row)) >= _SHORTEST}


def _committed_strings() -> dict[str, str]:
    """Whatever stands in quotation marks, or alone on a line, in a committed text file: its letters, its file."""
    found = {}
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in names.rstrip("\0").split("\0"):
        if not (ROOT / name).is_file() or name.endswith((".onnx", ".keras", ".npz", ".pb", ".png", ".sum", ".txt")):
            continue
        content = (ROOT / name).read_text("utf-8")
        for part in [*re.split(r"[\"'`\t]", content), *content.splitlines()]:
            found[_plain(part)] = name
    return found


@pytest.mark.skipif(not TREC.is_dir(), reason="no ../shared/data/trec beside the project")
@pytest.mark.skipif(not (ROOT / ".git").exists() or not shutil.which("git"), reason="no git checkout")
def test_no_row_of_the_data_is_committed() -> None:
    strings = _committed_strings()
    assert {row: strings[row] for row in _rows() & strings.keys()} == {}
