import math

import numpy as np
import numpy.typing as npt
import pytest

from questiontopic_model.encoders.minilm import HEADS, LAYERS, MiniLMEncoder, resources
from questiontopic_model.encoders.safetensors import read_safetensors
from questiontopic_training.encoders.minilm_keras import build_minilm
from questiontopic_training.encoders.training_encoder import TrainingEncoder, load_encoder

Doubles = npt.NDArray[np.float64]

TEXTS = ["Where do you live?", "您现在在哪里工作？", "Who was the first woman to fly alone across an ocean ?", "?"]


@pytest.fixture(scope="module")
def minilm() -> TrainingEncoder:
    return load_encoder("minilm", None, threads=1)


def published_vector(pieces: list[int]) -> Doubles:
    """The encoder as its paper describes it, for one text, with 64-bit numbers."""
    tensors = {
        name: value.astype(np.float64) for name, value in read_safetensors(resources() / "model.safetensors").items()
    }

    def dense(x: Doubles, name: str) -> Doubles:
        return x @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]

    def norm(x: Doubles, name: str) -> Doubles:
        x = (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-12)
        return x * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]

    position, kind = (tensors[f"embeddings.{name}_embeddings.weight"] for name in ("position", "token_type"))
    x = tensors["embeddings.word_embeddings.weight"][pieces] + position[: len(pieces)] + kind[0]
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


def test_the_vectors_equal_the_published_model_in_any_batch(minilm: TrainingEncoder) -> None:
    encoder = minilm.serving
    assert isinstance(encoder, MiniLMEncoder)
    found = build_minilm().predict_on_batch(encoder.encode(TEXTS).inputs)
    expected = [published_vector([101, *encoder.pieces(text), 102]) for text in TEXTS]
    assert np.abs(found - expected).max() < 1e-5
