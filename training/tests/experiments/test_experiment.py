from pathlib import Path

import keras
import pytest

from questiontopic_model.bundle import read_bundle
from questiontopic_model.loading import load_topic_model
from questiontopic_training.data.examples import Labels
from questiontopic_training.data.own_labels import read_own_labels
from questiontopic_training.data.questions import QuestionSet
from questiontopic_training.encoders.training_encoder import load_encoder
from questiontopic_training.experiments.experiment import Experiment
from questiontopic_training.experiments.runs import Runs
from questiontopic_training.recipes.finetuned import Finetuned
from questiontopic_training.recipes.head import Head

from ..conftest import TEMPLATES, WORDS


@pytest.fixture(scope="module")
def flat_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file like TREC's, but without a hierarchy and with one very frequent label."""
    rows = [(template.format(word), label[-3:]) for word in WORDS.split()[:12] for label, template in TEMPLATES.items()]
    rows += [(f"How many {one} fit into {two} ?", "unt") for one in WORDS.split() for two in WORDS.split()[:5]]
    path = tmp_path_factory.mktemp("own") / "flat.csv"
    path.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows), "utf-8")
    return path


def test_flat_labels_without_test_questions_make_a_bundle(flat_file: Path, hub_folder: Path, tmp_path: Path) -> None:
    encoder = load_encoder(str(hub_folder), None, threads=1)
    data = read_own_labels(flat_file, None, 3)
    recipe = Head(epochs=30, batch_size=64, balance=0.5)
    Experiment(recipe, data, (0,), Runs(encoder), folds=3).run(tmp_path / "bundle", "flat", "1.0.0")
    manifest = read_bundle(tmp_path / "bundle").manifest
    assert manifest.fine_labels == ()
    assert manifest.coarse_labels == tuple(sorted({label[-3:] for label in TEMPLATES}))
    assert manifest.data["rows_per_label"] == {"least": 12, "most": 112}
    assert manifest.training["folds"] == 3
    metrics = manifest.metrics
    assert metrics["cross_validation_questions"] == 244
    assert 0.9 < metrics["cross_validation_coarse_accuracy"] <= 1
    assert abs(metrics["cross_validation_coarse_accuracy_mean"] - metrics["cross_validation_coarse_accuracy"]) < 0.01
    assert 0.8 < metrics["cross_validation_coarse_macro_f1"] <= 1
    assert 0 <= metrics["cross_validation_coarse_expected_calibration_error"] < 0.2
    assert not any(name.startswith(("test_", "validation_")) or "fine" in name for name in metrics)
    card = (tmp_path / "bundle" / "README.md").read_text("utf-8")
    assert "| cross_validation, coarse |" in card
    assert "`flat.csv`" in card


def test_a_trained_bundle_answers_most_questions_right(bundle_folder: Path) -> None:
    metrics = read_bundle(bundle_folder).manifest.metrics
    assert metrics["test_coarse_accuracy"] > 0.8
    assert metrics["test_fine_accuracy"] > 0.8
    assert metrics["test_questions"] == 60
    assert metrics["validation_questions"] == 36
    assert metrics["seeds"] == 2
    assert 0 <= metrics["test_fine_accuracy_std"] <= metrics["test_fine_accuracy_mean"] <= 1


def test_the_metrics_are_those_of_the_bundle_itself(bundle_folder: Path, data: QuestionSet, cache: Path) -> None:
    bundle = read_bundle(bundle_folder)
    truth = Labels(data.training).examples(data.test)
    for runtime in ("onnxruntime", "tensorflow"):
        found = load_topic_model(bundle, runtime, cache, threads=1).predict(truth.texts)
        assert found.fine is not None
        assert (found.fine.argmax(axis=1) == truth.fine).mean() == bundle.manifest.metrics["test_fine_accuracy"]
        assert (found.coarse.argmax(axis=1) == truth.coarse).mean() == bundle.manifest.metrics["test_coarse_accuracy"]


def test_the_manifest_says_how_the_model_was_made(
    bundle_folder: Path, data: QuestionSet, small_recipe: Finetuned
) -> None:
    manifest = read_bundle(bundle_folder).manifest
    assert manifest.training["recipe"] == "finetuned"
    assert manifest.training["seeds"] == [3, 4]
    assert manifest.training["hyper_parameters"]["learning_rate"] == small_recipe.learning_rate
    assert manifest.training["packages"]["keras"] == keras.__version__
    assert manifest.data == data.description
