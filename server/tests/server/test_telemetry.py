"""Nothing of a user's machine is told to anyone: ONNX Runtime's own reporting is off."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

BUNDLE = Path(__file__).resolve().parents[3] / "models" / "usem3"

LOAD = """
import sys
from pathlib import Path
from questiontopic_model.bundle import read_bundle
from questiontopic_model.loading import load_topic_model
load_topic_model(read_bundle(Path(sys.argv[1])), "onnxruntime", None, 1).check_golden()
print(sorted(str(path) for path in Path.home().rglob("*")))
"""


def test_loading_a_model_leaves_no_device_id_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LOAD, str(BUNDLE)]
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    environment.pop("CI", None)  # ONNX Runtime holds its tongue in CI anyway.
    run = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    assert run.stdout.strip() == "[]"
