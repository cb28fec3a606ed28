import dataclasses
from pathlib import Path

import pytest

from questiontopic_server.model import read_bundle
from questiontopic_training.__main__ import main
from questiontopic_training.settings import Settings


def test_every_setting_is_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["train", "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert all(f"--{field.name}" in text for field in dataclasses.fields(Settings))


@pytest.mark.parametrize(
    "wrong",
    [[], ["train"], ["train", "--output", "x", "--seeds", "0"], ["train", "--output", "x", "--recipe", "none"]],
)
def test_wrong_usage_exits_with_2(wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(wrong)
    assert caught.value.code == 2


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
