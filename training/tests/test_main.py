import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from questiontopic_training.__main__ import main


@pytest.mark.parametrize(
    "wrong",
    [[], ["train"], ["train", "--output", "x", "--recipe", "none"], ["evaluate", "x", "--jobs", "0"]],
)
def test_wrong_usage_exits_with_2(wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(wrong)
    assert caught.value.code == 2


def test_an_error_is_one_line_and_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "train_5500.label").write_text("nonsense it is\n")
    (tmp_path / "TREC_10.label").write_text("HUM:ind Who ?\n")
    assert main(["train", "--data", str(tmp_path), "--output", str(tmp_path / "bundle")]) == 1
    error = capsys.readouterr().err
    assert error == (
        f"questiontopic_training: {tmp_path}/train_5500.label:1: must begin with COARSE:fine, found 'nonsense'\n"
    )


def test_sigterm_ends_the_child_processes_too(data_folder: Path, tmp_path: Path) -> None:
    arguments = ["--recipe", "finetuned", "--data", data_folder, "--output", tmp_path / "b", "--jobs", "2"]
    command = [sys.executable, "-m", "questiontopic_training", "train", *map(str, arguments), "--epochs", "10000"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        for _ in range(600):
            running = [int(child) for child in children.read_text().split()]
            if len(running) >= 3:  # Two trainings and a helper process of multiprocessing.
                break
            time.sleep(0.1)
        else:
            process.terminate()
            pytest.fail("the runs did not start within a minute")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 143
    for _ in range(100):
        if not (remaining := [child for child in running if _runs(child)]):
            break
        time.sleep(0.1)
    assert not remaining


def _runs(process: int) -> bool:
    """Whether this is still the training: its number may belong to another process by now."""
    try:
        return b"multiprocessing" in Path(f"/proc/{process}/cmdline").read_bytes()
    except FileNotFoundError:
        return False
