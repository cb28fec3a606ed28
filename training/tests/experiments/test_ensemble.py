import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from questiontopic_model.bundle import BundleError, Manifest, read_bundle
from questiontopic_model.bundle.bundle import MANIFEST, sha256_of
from questiontopic_model.calibration import Calibration
from questiontopic_model.loading import load_topic_model
from questiontopic_model.runtimes.graph import Floats
from questiontopic_training.data.questions import QuestionSet
from questiontopic_training.encoders.training_encoder import TrainingEncoder
from questiontopic_training.experiments.ensemble import Ensemble
from questiontopic_training.experiments.experiment import Experiment
from questiontopic_training.experiments.runs import Runs
from questiontopic_training.recipes.finetuned import Finetuned
from questiontopic_training.recipes.head import Head

TEXTS = ["Who invented tea ?", "WHAT DOES THE ACRONYM TEA STAND FOR ?", "您的工资是多少？"]


@pytest.fixture(scope="module")
def ensemble_folder(
    tmp_path_factory: pytest.TempPathFactory,
    data: QuestionSet,
    usem3: TrainingEncoder,
    cache: Path,
    small_recipe: Finetuned,
) -> Path:
    folder = tmp_path_factory.mktemp("models") / "together"
    runs = Runs(usem3, cache=cache)
    members = {
        "small": Experiment(small_recipe, data, (3, 4), runs),
        "head": Experiment(Head(epochs=20), data, (3, 4), runs),
    }
    Ensemble(members).run(folder, "together", "0.1.0", robustness=True)
    return folder


@pytest.fixture
def copied(ensemble_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ensemble_folder, tmp_path / "copy"))


def read_manifest(folder: Path) -> Manifest:
    return Manifest.from_json(json.loads((folder / MANIFEST).read_text("utf-8")))


def save(manifest: Manifest, folder: Path) -> None:
    (folder / MANIFEST).write_text(json.dumps(manifest.sealed().to_json()), "utf-8")


def test_the_logits_of_an_ensemble_are_the_mean_of_its_members(ensemble_folder: Path, cache: Path) -> None:
    together = read_bundle(ensemble_folder)
    model = load_topic_model(together, "auto", cache, 1)
    model.check_golden()
    assert model.runtime == "onnxruntime"
    logs = []
    for name in together.manifest.members:
        member = read_bundle(ensemble_folder / name)
        # An ensemble uses only the single temperature of a member.
        single = replace(member, manifest=replace(member.manifest, temperatures=()))
        found = load_topic_model(single, "auto", cache, 1).predict(TEXTS).fine
        assert found is not None
        logs.append(np.log(np.maximum(found, 1e-30)))
    mean: Floats = np.mean(logs, axis=0)
    manifest = together.manifest
    expected = Calibration(manifest.temperature, manifest.temperatures).confidences(mean)
    answer = model.predict(TEXTS)
    assert answer.fine is not None
    np.testing.assert_allclose(answer.fine, expected, atol=1e-5)
    assert answer.truncated == (False, False, False)


def test_an_ensemble_is_measured_like_other_bundles(ensemble_folder: Path) -> None:
    manifest = read_bundle(ensemble_folder).manifest
    small = read_bundle(ensemble_folder / "small").manifest
    assert manifest.metrics.keys() == small.metrics.keys()
    assert manifest.evaluation.keys() == small.evaluation.keys()
    assert manifest.metrics["seeds"] == 2
    assert manifest.metrics["test_fine_accuracy"] > 0.8
    assert manifest.metrics["validation_fine_accuracy"] > 0.8
    assert manifest.encoder.max_pieces == small.encoder.max_pieces
    assert manifest.training["hyper_parameters"] == {"small": "finetuned", "head": "head"}
    card = (ensemble_folder / "README.md").read_text("utf-8")
    assert "the bundles `small` and `head`, which answer together" in card
    assert "- `small/`: a bundle of its own" in card


def test_a_member_equals_the_bundle_that_its_recipe_makes_alone(ensemble_folder: Path, bundle_folder: Path) -> None:
    member, alone = (read_bundle(folder).manifest for folder in (ensemble_folder / "small", bundle_folder))
    assert member == alone


def test_a_damaged_member_is_refused(copied: Path) -> None:
    with (copied / "head" / "model.onnx").open("ab") as file:
        file.write(b"x")
    with pytest.raises(BundleError, match=r"head/model\.onnx: damaged"):
        read_bundle(copied)


def test_a_member_with_other_labels_is_refused(copied: Path, cache: Path) -> None:
    member = read_bundle(copied / "head").manifest
    save(replace(member, fine_labels=member.fine_labels[::-1]), copied / "head")
    manifest = read_manifest(copied)
    files = manifest.files | {f"head/{MANIFEST}": sha256_of(copied / "head" / MANIFEST)}
    save(replace(manifest, files=files), copied)
    with pytest.raises(BundleError, match="head: its labels are not those of the ensemble"):
        load_topic_model(read_bundle(copied), "auto", cache, 1)


def test_a_member_that_is_not_in_files_is_refused(copied: Path) -> None:
    save(replace(read_manifest(copied), members=("elsewhere",)), copied)
    with pytest.raises(BundleError, match="members names 'elsewhere', whose manifest files does not list"):
        read_bundle(copied)


def test_without_test_questions_an_ensemble_is_measured_by_cross_validation(
    data: QuestionSet, usem3: TrainingEncoder, cache: Path, tmp_path: Path
) -> None:
    runs, untested = Runs(usem3, cache=cache), replace(data, test=())
    members = {f"head{epochs}": Experiment(Head(epochs=epochs), untested, (0,), runs, folds=3) for epochs in (10, 20)}
    manifest = Ensemble(members).run(tmp_path / "bundle", "own", "1.0.0", robustness=False)
    assert manifest.metrics["cross_validation_folds"] == 3
    assert manifest.metrics["cross_validation_fine_accuracy"] > 0.5
    assert manifest.training["folds"] == 3
