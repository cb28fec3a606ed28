import re
from pathlib import Path

import numpy as np
import pytest

from questiontopic_training.data.examples import Labels
from questiontopic_training.data.questions import QuestionSet
from questiontopic_training.encoders.training_encoder import TrainingEncoder
from questiontopic_training.experiments.experiment import Experiment
from questiontopic_training.experiments.runs import Runs
from questiontopic_training.recipes.original import Original
from questiontopic_training.recipes.recipe import Task


def test_the_original_head_has_the_articles_parameters(
    usem3: TrainingEncoder, data: QuestionSet, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = Labels(data.training)
    kept, held = labels.examples(data.training).split(0.1, 0)
    model = Original(epochs=1).train(Task(usem3, kept, labels, 0, validation=held))
    head = model.get_layer("head")
    assert sum(int(np.prod(variable.shape)) for variable in head.trainable_variables) == 198_662
    assert "198,662" in capsys.readouterr().out


def test_the_original_stops_early(
    usem3: TrainingEncoder, data: QuestionSet, tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = Original(epochs=60, batch_size=32, learning_rate=1e-2, patience=2)
    manifest = Experiment(recipe, data, (0,), Runs(usem3, cache=cache)).run(tmp_path / "bundle", "small", "1.0.0")
    trained = re.findall(r"training:.*?(\d+)/60 \[[^\[]*$", capsys.readouterr().err.replace("\r", "\n"), re.MULTILINE)
    assert 2 < max(map(int, trained)) < 60
    assert manifest.fine_labels == ()
    assert manifest.preparation == "original"
    assert manifest.metrics["test_coarse_accuracy"] > 0.8
    assert not any("fine" in name for name in manifest.metrics)
    assert set(manifest.runtimes) == {"onnxruntime", "tensorflow"}
