"""A soak of half a minute, so that the long one does not rot."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from server_process import ROOT


def test_half_a_minute_of_every_load_and_change_finds_no_fault(tmp_path: Path) -> None:
    path = os.pathsep.join(filter(None, [str(ROOT / "tests" / "support"), os.environ.get("PYTHONPATH")]))
    soak = [sys.executable, "-m", "tests.soak", "--minutes", "0.5", "--output", str(tmp_path)]
    run = subprocess.run(soak, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.startswith("seed ") and run.stdout.endswith("\nno fault\n")
    found = json.loads((tmp_path / "soak.json").read_text("utf-8"))
    kinds = {each["kind"] for each in found["calls"]}
    assert kinds >= {
        "single",
        "merged",
        "batch",
        "short deadline",
        "cancelled",
        "describe",
        "health watch",
        "reflection",
    }
    assert kinds >= {"invalid", "another model", "no token", "wrong token", "revoked token"}
    assert kinds >= {"silent", "slow reader", "foreign certificate", "flood"}
    assert len(found["changes"]) == 6
    assert (tmp_path / "soak.svg").stat().st_size > 0
