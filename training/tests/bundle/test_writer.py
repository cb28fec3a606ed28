import json
import zipfile
from functools import partial
from io import BytesIO
from pathlib import Path

import h5py
import keras
import numpy as np
import onnx
import onnxruntime
import pytest

from questiontopic_model.bundle import BundleError, read_bundle
from questiontopic_model.bundle.bundle import sha256_of
from questiontopic_model.runtimes.keras_graph import KerasGraph
from questiontopic_model.topic_model import load_topic_model
from questiontopic_training.bundle.model_card import model_card
from questiontopic_training.bundle.writer import GOLDEN_TEXTS, Content, ParityError, write_bundle
from questiontopic_training.data.examples import Labels
from questiontopic_training.data.questions import QuestionSet
from questiontopic_training.encoders.float16 import round_to_float16, save_keras
from questiontopic_training.encoders.heads import dropout_head
from questiontopic_training.encoders.training_encoder import TrainingEncoder
from questiontopic_training.encoders.usem3_onnx import save_usem3_onnx
from questiontopic_training.recipes.finetuned import Finetuned


def test_training_learns(bundle_folder: Path) -> None:
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


def test_the_manifest_says_how_the_model_was_made(
    bundle_folder: Path, data: QuestionSet, small_recipe: Finetuned
) -> None:
    manifest = read_bundle(bundle_folder).manifest
    assert manifest.training["recipe"] == "finetuned"
    assert manifest.training["seeds"] == [3, 4]
    assert manifest.training["hyper_parameters"]["learning_rate"] == small_recipe.learning_rate
    assert manifest.training["packages"]["keras"] == keras.__version__
    assert manifest.data == data.description


def test_weights_are_16_bits_on_disk_and_the_same_numbers_in_32(bundle_folder: Path, tmp_path: Path) -> None:
    path = bundle_folder / "model.keras"
    with zipfile.ZipFile(path) as parts, h5py.File(BytesIO(parts.read("model.weights.h5"))) as weights:
        kinds = set()
        weights.visititems(lambda _, item: kinds.add(item.dtype) if isinstance(item, h5py.Dataset) else None)
        assert np.dtype(np.float16) in kinds
        assert np.dtype(np.float32) not in kinds
    model = keras.models.load_model(path, compile=False, safe_mode=True)
    assert {variable.dtype for variable in model.weights} == {"float32"}
    before = [weight.copy() for weight in model.get_weights()]
    round_to_float16(model)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    for name in ("once.keras", "again.keras"):
        save_keras(model, tmp_path / name)
    assert sha256_of(tmp_path / "again.keras") == sha256_of(tmp_path / "once.keras")


@pytest.mark.parametrize(
    ("file", "inputs"), [("model.onnx", {"rows", "slots", "windows", "pooling"}), ("pieces.onnx", {"embeddings"})]
)
def test_the_onnx_forms_are_checked_and_have_no_table(bundle_folder: Path, file: str, inputs: set[str]) -> None:
    model = onnx.load(bundle_folder / file)
    onnx.checker.check_model(model, full_check=True)
    assert {value.name for value in model.graph.input} == inputs
    assert max(int(np.prod(tensor.dims)) for tensor in model.graph.initializer) < 1_000_000
    weights = {tensor.data_type for tensor in model.graph.initializer if np.prod(tensor.dims) > 10}
    assert weights == {onnx.TensorProto.FLOAT16}


def test_weights_out_of_range_are_refused() -> None:
    model = dropout_head(4, 4, 2, 0.1, 0.1)
    model.set_weights([np.full_like(weight, 1e6) for weight in model.get_weights()])
    with pytest.raises(BundleError, match="16 bits"):
        round_to_float16(model)


def test_layers_without_an_onnx_form_are_refused(usem3: TrainingEncoder, tmp_path: Path) -> None:
    head = keras.Sequential([keras.Input((512,)), keras.layers.Dense(2, activation="gelu")], name="head")
    with pytest.raises(ValueError, match="gelu"):
        save_usem3_onnx(usem3.graph(head), tmp_path / "model.onnx")


def test_equal_models_make_equal_files_whatever_was_made_before(usem3: TrainingEncoder, tmp_path: Path) -> None:
    for name in ("once.keras", "again.keras"):
        keras.utils.set_random_seed(0)
        model = usem3.graph(dropout_head(512, 16, 2, 0.1, 0.1), 0.1)
        round_to_float16(model)
        save_keras(model, tmp_path / name)
    assert sha256_of(tmp_path / "again.keras") == sha256_of(tmp_path / "once.keras")


def content(model: keras.Model, encoder: TrainingEncoder) -> Content:
    return Content(encoder.serving, KerasGraph(model), partial(encoder.save, model))


def test_a_bundle_that_fails_its_proof_leaves_the_old_one(
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


def test_the_card_tells_figures_data_and_the_command(bundle_folder: Path) -> None:
    manifest = read_bundle(bundle_folder).manifest
    card = (bundle_folder / "README.md").read_text("utf-8")
    assert card == model_card(manifest)
    assert card.startswith("# small 0.1.0\n")
    for expected in (
        f"{manifest.metrics['test_coarse_accuracy']:.1%}",
        manifest.data["files"]["TREC_10.label"]["sha256"],
        "`NUM:date`",
        "--recipe finetuned --encoder usem3 --seed 3 --seeds 2",
    ):
        assert expected in card
    json.dumps(manifest.to_json(), allow_nan=False)


def test_inputs_are_dynamic(bundle_folder: Path) -> None:
    session = onnxruntime.InferenceSession(bundle_folder / "model.onnx", providers=["CPUExecutionProvider"])
    shapes = {value.name: value.shape for value in session.get_inputs()}
    assert shapes == {
        "rows": ["slots", 3840],
        "slots": ["pieces", 5],
        "windows": ["pieces", 5],
        "pooling": ["texts", "pieces"],
    }
