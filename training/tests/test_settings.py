import dataclasses

import pytest

from questiontopic_training.__main__ import main
from questiontopic_training.experiments import ensemble
from questiontopic_training.recipes import RECIPES
from questiontopic_training.settings import RECIPE_NAMES, TrainSettings


def test_the_options_name_every_recipe() -> None:
    assert tuple(sorted([*RECIPES, ensemble.NAME])) == RECIPE_NAMES


def test_every_setting_is_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["train", "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert all(f"--{field.name.replace('_', '-')}" in text for field in dataclasses.fields(TrainSettings))


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--seeds", "0", "must be a whole number, at least 1, is '0'"),
        ("--seeds", "many", "must be a whole number, at least 1, is 'many'"),
        ("--folds", "2", "must be a whole number, at least 3, is '2'"),
        ("--seed", "-1", "must be a whole number, from 0 to 1000000000, is '-1'"),
        ("--balance", "two", "must be a number from 0 to 1, is 'two'"),
        ("--balance", "nan", "must be a number from 0 to 1, is 'nan'"),
        ("--version", "1.0", "must be MAJOR.MINOR.PATCH, is '1.0'"),
        ("--name", "My Bundle", "is 'My Bundle'"),
    ],
)
def test_a_wrong_value_is_named_before_anything_is_trained(
    option: str, value: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["train", "--output", "x", f"{option}={value}"])
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert f"argument {option}: " in error and reason in error
