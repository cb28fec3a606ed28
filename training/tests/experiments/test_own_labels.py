import dataclasses
from pathlib import Path

import pytest

from questiontopic_model.bundle import read_bundle
from questiontopic_training.data.own_labels import read_own_labels
from questiontopic_training.encoders.training_encoder import load_encoder
from questiontopic_training.experiments import own_labels
from questiontopic_training.experiments.advice import Advice, advise
from questiontopic_training.experiments.experiment import Experiment
from questiontopic_training.experiments.own_labels import run_own
from questiontopic_training.experiments.runs import Runs
from questiontopic_training.recipes.head import Head


@pytest.mark.parametrize("better", [True, False])
def test_the_bundle_gets_logistic_regression_only_if_it_is_better(
    better: bool,
    tmp_path: Path,
    hub_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = iter([True])

    def found(*arguments: object) -> Advice:
        advice = advise(*arguments)  # type: ignore[arg-type]
        worse = 0.1 if better and next(first, False) else 0.0  # Of the first model only, not of logistic regression.
        return dataclasses.replace(advice, model=advice.regression - worse)

    monkeypatch.setattr(own_labels, "advise", found)
    encoder = load_encoder(str(hub_folder), None, threads=1)
    monkeypatch.setattr(Head, "encoder", encoder.name)  # As of recipes that train their encoder.
    path = tmp_path / "own.csv"
    path.write_text("text,label\n" + "".join(f"{word} {n} ?,{word}\n" for word in ("Who", "When") for n in range(9)))
    data = read_own_labels(path, None, 3).with_description(
        {"unlabelled": {"more.txt": {"sha256": "0" * 64, "rows": 9, "used": True}}}
    )
    experiment = Experiment(Head(epochs=1), data, (0,), Runs(encoder), folds=3)
    run_own(experiment, tmp_path / "bundle", "own", "1.0.0", robustness=False)
    manifest = read_bundle(tmp_path / "bundle").manifest
    assert manifest.training["recipe"] == ("regression" if better else "head")
    said = capsys.readouterr().out
    assert said.count("logistic regression on the frozen encoder: ") == 1
    assert ("the bundle gets logistic regression" in said) is better
    regression = manifest.metrics["comparison_regression_accuracy"]
    assert manifest.metrics["comparison_accuracy"] == regression
    assert ("unlabelled" in manifest.data) is not better  # Logistic regression learns from no such text.
    if better:
        assert manifest.metrics["cross_validation_coarse_accuracy"] == pytest.approx(regression)
