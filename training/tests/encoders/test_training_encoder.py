from dataclasses import replace
from pathlib import Path

import pytest

from questiontopic_model.bundle import BundleError, read_bundle
from questiontopic_model.bundle.bundle import sha256_of
from questiontopic_model.encoders.usem3 import resources
from questiontopic_model.loading import load_topic_model
from questiontopic_training.data.questions import QuestionSet
from questiontopic_training.encoders.training_encoder import MiniLM, TrainingEncoder, load_encoder
from questiontopic_training.experiments.experiment import Experiment
from questiontopic_training.experiments.runs import Runs
from questiontopic_training.recipes.head import Head
from questiontopic_training.recipes.minilm import MiniLMAverage
from questiontopic_training.recipes.teachers import Teacher
from questiontopic_training.recipes.trainer import Optimisation


@pytest.fixture(scope="module")
def minilm() -> TrainingEncoder:
    return load_encoder("minilm", None, threads=1)


def test_a_bundle_of_differences_answers_the_same_on_both_runtimes(
    minilm: MiniLM, data: QuestionSet, tmp_path: Path
) -> None:
    recipe = MiniLMAverage(
        epochs=2,
        models=1,
        min_steps=1,
        teacher=Teacher(batch_size=16, optimisation=Optimisation(5e-4, 5e-3, ema_momentum=0.5), made=20),
    )
    fewer = replace(data, training=data.training[:96])
    manifest = Experiment(recipe, fewer, (0,), Runs(minilm)).run(tmp_path / "bundle", "small", "1.0.0")
    assert set(manifest.files) == {"README.md", "differences.npz", "model.keras", "model.onnx"}
    assert sum(path.stat().st_size for path in (tmp_path / "bundle").iterdir()) < 8e6
    assert manifest.metrics["test_coarse_accuracy"] > 0.8
    model = load_topic_model(read_bundle(tmp_path / "bundle"), "auto", None, threads=1)
    model.check_golden()
    assert model.runtime == "onnxruntime"


def test_a_bundle_with_a_hub_encoder_contains_the_encoder(hub_folder: Path, data: QuestionSet, tmp_path: Path) -> None:
    encoder = load_encoder(str(hub_folder), None, threads=1)
    made = tmp_path / "made"
    manifest = Experiment(Head(epochs=60), data, (0,), Runs(encoder)).run(made, "hashed", "1.0.0")
    assert set(manifest.runtimes) == {"tensorflow"}
    assert manifest.encoder.handle == "hashed-words"
    assert "encoder/saved_model.pb" in manifest.files
    assert {path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()} == {
        *manifest.files,
        "manifest.json",
    }
    moved = made.rename(tmp_path / "moved")
    model = load_topic_model(read_bundle(moved), "auto", None, threads=1)
    model.check_golden()
    assert model.runtime == "tensorflow"
    found = model.predict(["Which country exports tea ?", "Who invented rope ?"])
    assert [manifest.coarse_labels[top] for top in found.coarse.argmax(axis=1)] == ["LOC", "HUM"]
    assert found.fine is not None
    damaged = moved / "encoder" / "saved_model.pb"
    damaged.write_bytes(damaged.read_bytes() + b"x")
    with pytest.raises(BundleError, match=r"saved_model\.pb: damaged"):
        read_bundle(moved)


def test_a_folder_without_a_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"cannot (load|resolve) it"):
        load_encoder(str(tmp_path), None, threads=1)


def test_the_spec_has_the_sums_of_the_installed_package(usem3: TrainingEncoder) -> None:
    assert usem3.spec.sha256 == {name: sha256_of(resources() / name) for name in ("sp.model", "weights.npz")}
