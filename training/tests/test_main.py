import dataclasses
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from questiontopic_model.bundle import read_bundle
from questiontopic_training.__main__ import main
from questiontopic_training.settings import Settings
from questiontopic_training.train import seeds_from


def test_every_setting_is_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["train", "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert all(f"--{field.name}" in text for field in dataclasses.fields(Settings))


@pytest.mark.parametrize(
    "wrong",
    [[], ["train"], ["train", "--output", "x", "--recipe", "none"], ["evaluate", "x", "--jobs", "0"]],
)
def test_wrong_usage_exits_with_2(wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(wrong)
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--seeds", "0", "must be a whole number, at least 1, is '0'"),
        ("--seeds", "many", "must be a whole number, at least 1, is 'many'"),
        ("--folds", "2", "must be a whole number, at least 3, is '2'"),
        ("--seed", "-1", "must be a whole number, from 0 to 4294967295, is '-1'"),
        ("--balance", "two", "must be a number from 0 to 1, is 'two'"),
        ("--balance", "nan", "must be a number from 0 to 1, is 'nan'"),
        ("--version", "1.0", "must be MAJOR.MINOR.PATCH, is '1.0'"),
        ("--name", "My Bundle", "is 'My Bundle'"),
    ],
)
def test_a_value_that_does_not_do_is_named_before_anything_is_trained(
    option: str, value: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["train", "--output", "x", f"{option}={value}"])
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert f"argument {option}: " in error and reason in error


def test_only_a_bundle_is_replaced(tmp_path: Path, data_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "models" / "usem3").mkdir(parents=True)
    for place in (tmp_path / "models", data_folder / "TREC_10.label"):
        assert main(["train", "--data", str(data_folder), "--output", str(place)]) == 1
        error = capsys.readouterr().err
        assert error == f"questiontopic_training: {place}: is no bundle, so it is not replaced; name another --output\n"
    assert (tmp_path / "models" / "usem3").is_dir()


def test_a_place_that_cannot_be_written_is_one_line_too(data_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = data_folder / "TREC_10.label" / "bundle"
    assert main(["train", "--data", str(data_folder), "--output", str(place)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_makes_a_bundle(
    data_folder: Path, hub_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = f"train --recipe head --encoder {hub_folder} --data {data_folder} --output {tmp_path}/b --epochs 1"
    assert main(arguments.split()) == 0
    assert "not the published file" in capsys.readouterr().err
    assert read_bundle(tmp_path / "b").manifest.training["hyper_parameters"]["epochs"] == 1


def test_an_error_is_one_line_and_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "train_5500.label").write_text("nonsense it is\n")
    (tmp_path / "TREC_10.label").write_text("HUM:ind Who ?\n")
    assert main(["train", "--data", str(tmp_path), "--output", str(tmp_path / "bundle")]) == 1
    error = capsys.readouterr().err
    assert error == (
        f"questiontopic_training: {tmp_path}/train_5500.label:1: must begin with COARSE:fine, found 'nonsense'\n"
    )


def test_what_trains_beside_ends_with_the_command(data_folder: Path, tmp_path: Path) -> None:
    arguments = ["--recipe", "finetuned", "--data", data_folder, "--output", tmp_path / "b", "--jobs", "2"]
    command = [sys.executable, "-m", "questiontopic_training", "train", *map(str, arguments), "--epochs", "10000"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        for _ in range(600):
            running = [int(child) for child in children.read_text().split()]
            if len(running) >= 3:  # One of them is multiprocessing's own.
                break
            time.sleep(0.1)
        else:
            process.terminate()
            pytest.fail("the runs did not start within a minute")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 143
    for _ in range(100):
        if not (left := [child for child in running if _runs(child)]):
            break
        time.sleep(0.1)
    assert not left


def _runs(process: int) -> bool:
    """Whether it runs this package's training; a number may have gone to another process."""
    try:
        return b"multiprocessing" in Path(f"/proc/{process}/cmdline").read_bytes()
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("first", "count", "seeds"),
    [(1, 1, [1]), (1, 5, [1, 0, 2, 3, 4]), (0, 3, [0, 1, 2]), (7, 3, [7, 0, 1])],
)
def test_the_bundle_s_seed_is_the_first(first: int, count: int, seeds: list[int]) -> None:
    assert seeds_from(first, count) == seeds
