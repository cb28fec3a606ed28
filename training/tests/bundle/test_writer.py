from functools import partial
from pathlib import Path

import keras
import numpy as np
import pytest

from questiontopic_model.bundle import BundleError, read_bundle
from questiontopic_model.loading import load_topic_model
from questiontopic_model.runtimes.keras_graph import KerasGraph
from questiontopic_training.bundle.writer import GOLDEN_TEXTS, Content, ParityError, write_bundle
from questiontopic_training.data.questions import QuestionSet
from questiontopic_training.encoders.training_encoder import TrainingEncoder
from questiontopic_training.encoders.usem3_onnx import save_usem3_onnx


def test_runtimes_agree_on_every_batch_size(bundle_folder: Path, data: QuestionSet, cache: Path) -> None:
    bundle = read_bundle(bundle_folder)
    keras_model, onnx_model = (load_topic_model(bundle, name, cache, 1) for name in ("tensorflow", "onnxruntime"))
    texts = [*GOLDEN_TEXTS, *(question.text for question in data.test), "?", "x" * 500]
    for size in (1, 2, len(texts)):
        expected, found = (model.predict(texts[:size]).fine for model in (keras_model, onnx_model))
        assert expected is not None and found is not None
        assert np.abs(expected - found).max() < 1e-4


def test_the_folder_holds_what_the_manifest_lists_and_is_small(bundle_folder: Path) -> None:
    manifest = read_bundle(bundle_folder).manifest
    assert {path.name for path in bundle_folder.iterdir()} == {*manifest.files, "manifest.json"}
    assert set(manifest.files) == {"model.keras", "model.onnx", "pieces.onnx", "README.md"}
    assert sum((bundle_folder / name).stat().st_size for name in manifest.files) < 15_000_000
    assert not list(bundle_folder.parent.glob(".*"))


def test_golden_texts_are_recorded_with_every_label(bundle_folder: Path) -> None:
    manifest = read_bundle(bundle_folder).manifest
    assert tuple(golden.text for golden in manifest.golden) == GOLDEN_TEXTS
    for golden in manifest.golden:
        assert sum(golden.coarse.values()) == pytest.approx(1, abs=1e-4)
        assert len(golden.fine) == 12


def content(model: keras.Model, encoder: TrainingEncoder) -> Content:
    return Content(encoder.serving, KerasGraph(model), partial(encoder.save, model))


def test_a_bundle_that_fails_its_check_does_not_replace_the_old_one(
    bundle_folder: Path, usem3: TrainingEncoder, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = read_bundle(bundle_folder).manifest
    model = keras.models.load_model(bundle_folder / "model.keras", compile=False)
    kernel = model.get_layer("head").get_layer("logits").kernel

    def save_other(model: keras.Model, path: Path) -> None:
        kernel.assign(kernel * -1)
        save_usem3_onnx(model, path)
        kernel.assign(kernel * -1)

    monkeypatch.setattr("questiontopic_training.encoders.training_encoder.save_usem3_onnx", save_other)
    with pytest.raises((ParityError, BundleError), match=r"differs|self-check"):
        write_bundle(bundle_folder, manifest, content(model, usem3), cache, ["Who ?"])
    assert read_bundle(bundle_folder).manifest.digest == manifest.digest
    assert not list(bundle_folder.parent.glob(".*"))


def test_a_new_bundle_replaces_the_old_one(
    bundle_folder: Path, usem3: TrainingEncoder, cache: Path, tmp_path: Path
) -> None:
    manifest = read_bundle(bundle_folder).manifest
    model = keras.models.load_model(bundle_folder / "model.keras", compile=False)
    for _ in range(2):
        written = write_bundle(tmp_path / "bundle", manifest, content(model, usem3), cache, [])
    assert read_bundle(tmp_path / "bundle").manifest == written == manifest
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]
