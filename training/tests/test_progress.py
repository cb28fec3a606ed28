import pytest

from questiontopic_training.progress import ModelsProgress


def test_the_time_left_is_estimated_from_the_work_done(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    progress = ModelsProgress({"fold 1": 80, "fold 2": 80, "seed 0": 100}, lambda: now[0])
    now[0] = 60.0
    progress.finished("fold 2")
    now[0] = 121.0
    progress.finished("fold 1")
    progress.finished("seed 0")
    assert capsys.readouterr().err.splitlines() == [
        "models to train: 3 (fold 1, fold 2, seed 0)",
        "trained 1 of 3 models (fold 2) after 1 min 00 s; about 2 min 15 s left",
        "trained 2 of 3 models (fold 1) after 2 min 01 s; about 1 min 16 s left",
        "trained 3 of 3 models (seed 0) after 2 min 01 s",
    ]


def test_without_models_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    ModelsProgress({})
    assert capsys.readouterr().err == ""
