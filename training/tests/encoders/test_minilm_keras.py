import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from questiontopic_model.bundle import read_bundle
from questiontopic_model.encoders.minilm import HEADS, LAYERS, MiniLMEncoder, published_weights, resources, unpack
from questiontopic_model.encoders.safetensors import read_safetensors
from questiontopic_model.topic_model import load_topic_model
from questiontopic_training.data.questions import QuestionSet
from questiontopic_training.encoders.differences import pack
from questiontopic_training.encoders.minilm_keras import build_minilm
from questiontopic_training.encoders.training_encoder import MiniLM, TrainingEncoder, load_encoder
from questiontopic_training.experiments.experiment import Experiment
from questiontopic_training.experiments.runs import Runs
from questiontopic_training.recipes.minilm import MiniLMAverage
from questiontopic_training.recipes.teachers import Teacher
from questiontopic_training.recipes.trainer import Optimisation

Doubles = npt.NDArray[np.float64]

TEXTS = ["Where do you live?", "您现在在哪里工作？", "Who was the first woman to fly alone across an ocean ?", "?"]


@pytest.fixture(scope="module")
def minilm() -> TrainingEncoder:
    return load_encoder("minilm", None, threads=1)


def published_vector(pieces: list[int]) -> Doubles:
    """The encoder as its paper describes it, one text at a time, in 64 bits."""
    tensors = {
        name: value.astype(np.float64) for name, value in read_safetensors(resources() / "model.safetensors").items()
    }

    def dense(x: Doubles, name: str) -> Doubles:
        return x @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]

    def norm(x: Doubles, name: str) -> Doubles:
        x = (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-12)
        return x * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]

    place, kind = (tensors[f"embeddings.{name}_embeddings.weight"] for name in ("position", "token_type"))
    x = tensors["embeddings.word_embeddings.weight"][pieces] + place[: len(pieces)] + kind[0]
    x = norm(x, "embeddings.LayerNorm")
    for number in range(LAYERS):
        layer = f"encoder.layer.{number}"
        query, key, value = (
            dense(x, f"{layer}.attention.self.{part}").reshape(len(pieces), HEADS, -1).swapaxes(0, 1)
            for part in ("query", "key", "value")
        )
        scores = np.exp(query @ key.swapaxes(1, 2) / math.sqrt(query.shape[-1]))
        mixed = (scores / scores.sum(axis=-1, keepdims=True) @ value).swapaxes(0, 1).reshape(len(pieces), -1)
        x = norm(x + dense(mixed, f"{layer}.attention.output.dense"), f"{layer}.attention.output.LayerNorm")
        inner = dense(x, f"{layer}.intermediate.dense")
        inner *= 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        x = norm(x + dense(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
    mean: Doubles = x.mean(axis=0)
    return mean


def test_the_layers_are_the_published_ones_whatever_the_batch(minilm: TrainingEncoder) -> None:
    encoder = minilm.serving
    assert isinstance(encoder, MiniLMEncoder)
    found = build_minilm(0.0).predict_on_batch(encoder.encode(TEXTS).inputs)
    expected = [published_vector([101, *encoder.pieces(text), 102]) for text in TEXTS]
    assert np.abs(found - expected).max() < 1e-5


def test_differences_survive_a_second_packing() -> None:
    random = np.random.default_rng(0)
    trained = {
        name: w + random.normal(scale=1e-3, size=w.shape).astype(np.float32) for name, w in published_weights().items()
    }
    once = pack(trained)
    again = pack({name: w + unpack(once, name, w.shape) for name, w in published_weights().items()})
    assert all(np.array_equal(once[name], again[name]) for name in once)
    kernel = "layer0_qkv/kernel"
    moved = trained[kernel] - published_weights()[kernel]
    kept = unpack(once, kernel, moved.shape)
    assert np.linalg.norm(kept - moved) < 0.15 * np.linalg.norm(moved)


def test_a_bundle_of_differences_answers_the_same_on_both_runtimes(
    minilm: MiniLM, data: QuestionSet, tmp_path: Path
) -> None:
    recipe = MiniLMAverage(
        epochs=3, models=1, teacher=Teacher(batch_size=16, optimisation=Optimisation(3e-4, 3e-3, ema_momentum=0.5))
    )
    manifest = Experiment(recipe, data, (0,), Runs(minilm)).run(tmp_path / "bundle", "small", "1.0.0")
    assert set(manifest.files) == {"README.md", "differences.npz", "model.keras", "model.onnx"}
    assert sum(path.stat().st_size for path in (tmp_path / "bundle").iterdir()) < 8e6
    assert manifest.metrics["test_coarse_accuracy"] > 0.8
    model = load_topic_model(read_bundle(tmp_path / "bundle"), "auto", None, threads=1)
    model.check_golden()
    assert model.runtime == "onnxruntime"
