"""The text encoders that recipes train with: each builds the graph of a bundle and saves it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np

from questiontopic_model.bundle import BundleError
from questiontopic_model.bundle.bundle import PIECES, sha256_of
from questiontopic_model.bundle.manifest import EncoderSpec
from questiontopic_model.encoders.encoder import Encoder
from questiontopic_model.encoders.minilm import MiniLMEncoder, load_minilm
from questiontopic_model.encoders.minilm import installed_spec as installed_minilm
from questiontopic_model.encoders.tfhub import HubEncoder, load_hub
from questiontopic_model.encoders.usem3 import LANGUAGES, UseM3Encoder, installed_spec, load_usem3
from questiontopic_model.runtimes.graph import Floats, Inputs
from questiontopic_model.runtimes.keras_graph import KerasGraph

from ..bundle import DIFFERENCES, KERAS, ONNX
from .differences import quantized, save_differences
from .embedding_cache import EmbeddingCache, Encode, Vectors
from .float16 import round_to_float16, save_keras
from .heads import with_head
from .minilm_keras import build_minilm, get_weights, set_weights
from .minilm_onnx import save_minilm_onnx
from .usem3_keras import build_usem3
from .usem3_onnx import save_usem3_onnx, save_usem3_pieces_onnx

_BATCH_SIZE = 64


class TrainingEncoder(Protocol):
    """An encoder that recipes can train a head on; `load_encoder` loads it by its `name`."""

    name: str
    spec: EncoderSpec
    languages: tuple[str, ...]

    @property
    def identity(self) -> str:
        """Equal for encoders with equal contents, wherever their files are."""

    @property
    def serving(self) -> Encoder:
        """The encoder that the server runs."""

    def features(self, texts: Sequence[str]) -> Vectors:
        """The vector of each text, computed by the published encoder."""

    def graph(self, head: Any, dropout: float = 0.0) -> Any:
        """The Keras model of a bundle: takes the outputs of the serving encoder and gives the logits of the head.

        If the model contains layers of the encoder, `dropout` applies to them in training.
        """

    def round(self, model: Any) -> None:
        """Sets the weights that the model will have when it is read from a bundle."""

    def save(self, model: Any, folder: Path) -> dict[str, str]:
        """Saves a rounded model and the encoder's files into a bundle; returns the model's file for each runtime."""


class UseM3:
    """USE multilingual v3 from its package; the graph contains its layers after the table, which can be trained."""

    name = "usem3"
    languages: tuple[str, ...] = LANGUAGES

    def __init__(self, spec: EncoderSpec, serving: UseM3Encoder, cache: EmbeddingCache) -> None:
        self.spec, self.serving, self._cache = spec, serving, cache
        self.identity = repr(spec)

    def features(self, texts: Sequence[str]) -> Vectors:
        """A vector of 512 numbers and length 1 for each text."""
        return self._cache.vectors(
            self.identity, texts, lambda: _in_batches(self.serving, KerasGraph(build_usem3()).run)
        )

    def graph(self, head: Any, dropout: float = 0.0) -> Any:
        """The published layers followed by the head."""
        return with_head(build_usem3(dropout), head)

    def round(self, model: Any) -> None:
        """Rounds to float16."""
        round_to_float16(model)

    def save(self, model: Any, folder: Path) -> dict[str, str]:
        """Saves the whole graph for both runtimes; the table comes from the installed package."""
        save_keras(model, folder / KERAS)
        save_usem3_onnx(model, folder / ONNX)
        save_usem3_pieces_onnx(model, folder / PIECES)
        return {"onnxruntime": ONNX, "tensorflow": KERAS}


class Hub:
    """A frozen TF-Hub encoder: its SavedModel is copied into the bundle, and the graph is the head alone."""

    languages: tuple[str, ...] = ()

    def __init__(self, name: str, handle: str, saved_model: Path, serving: HubEncoder, cache: EmbeddingCache) -> None:
        self.name = name
        self.spec = EncoderSpec("tfhub", handle=handle, path="encoder")
        self.serving, self._saved_model, self._cache = serving, saved_model, cache

    @cached_property
    def identity(self) -> str:
        """The SHA-256 of its files."""
        files = sorted(path for path in self._saved_model.rglob("*") if path.is_file())
        return repr([(path.relative_to(self._saved_model).as_posix(), sha256_of(path)) for path in files])

    def features(self, texts: Sequence[str]) -> Vectors:
        """The vector of each text."""
        return self._cache.vectors(
            self.identity, texts, lambda: _in_batches(self.serving, lambda inputs: inputs["features"])
        )

    def graph(self, head: Any, dropout: float = 0.0) -> Any:
        """The head; its input has the name of the serving encoder's output."""
        features = keras.Input(head.input_shape[1:], name="features")
        return keras.Model({"features": features}, head(features), name="topic")

    def round(self, model: Any) -> None:
        """Rounds to float16."""
        round_to_float16(model)

    def save(self, model: Any, folder: Path) -> dict[str, str]:
        """Saves the head and the whole SavedModel; both need TensorFlow."""
        save_keras(model, folder / KERAS)
        shutil.copytree(self._saved_model, folder / self.spec.path)
        return {"tensorflow": KERAS}


class MiniLM:
    """all-MiniLM-L6-v2 from its package; the bundle holds the differences that training made to its layers."""

    name = "minilm"
    languages: tuple[str, ...] = ("en",)

    def __init__(self, spec: EncoderSpec, serving: MiniLMEncoder, cache: EmbeddingCache) -> None:
        self.spec, self.serving, self._cache = spec, serving, cache
        self.identity = repr(spec)

    def features(self, texts: Sequence[str]) -> Vectors:
        """A vector of 384 numbers for each text: the mean over its pieces."""
        return self._cache.vectors(
            self.identity, texts, lambda: _in_batches(self.serving, KerasGraph(build_minilm()).run)
        )

    def graph(self, head: Any, dropout: float = 0.0) -> Any:
        """The published layers followed by the head."""
        return with_head(build_minilm(dropout), head)

    def round(self, model: Any) -> None:
        """Rounds the differences of the layers to 4 bits and the head to float16."""
        round_to_float16(model.get_layer("head"))
        set_weights(model, quantized(get_weights(model)))

    def save(self, model: Any, folder: Path) -> dict[str, str]:
        """Saves the differences, and for both runtimes the graph with the weights of its head only."""
        trained = get_weights(model)
        save_differences(trained, folder / self.spec.path)
        save_minilm_onnx(model, folder / ONNX)
        set_weights(model, {name: np.zeros_like(weight) for name, weight in trained.items()})
        save_keras(model, folder / KERAS)
        set_weights(model, trained)
        return {"onnxruntime": ONNX, "tensorflow": KERAS}


def load_encoder(name: str, cache: Path | None, threads: int) -> TrainingEncoder:
    """Loads `usem3`, `minilm`, a TF-Hub handle or the folder of a SavedModel; raises BundleError.

    The folder `cache` keeps the unpacked table of usem3 and the vectors of texts.
    """
    vectors = EmbeddingCache(cache)
    if name == "usem3":
        spec = installed_spec()
        return UseM3(spec, load_usem3(spec, cache), vectors)
    if name == "minilm":
        spec = installed_minilm(DIFFERENCES)
        return MiniLM(spec, load_minilm(spec), vectors)
    import tensorflow_hub  # Imported here because it is slow to import and rarely needed.

    try:
        saved_model = Path(tensorflow_hub.resolve(name))
    except Exception as error:  # noqa: BLE001  Resolvers raise errors of many libraries.
        raise BundleError(f"{name}: TensorFlow Hub cannot resolve it: {str(error).splitlines()[0]}") from None
    # Nobody else can use a path of this machine, but the name of the folder tells what it was.
    handle = saved_model.name if Path(name).exists() else name
    return Hub(name, handle, saved_model, load_hub(str(saved_model), threads), vectors)


def _in_batches(encoder: Encoder, run: Callable[[Inputs], Floats]) -> Encode:
    def encode(texts: Sequence[str]) -> Floats:
        starts = range(0, len(texts), _BATCH_SIZE)
        return np.concatenate([run(encoder.encode(texts[start : start + _BATCH_SIZE]).inputs) for start in starts])

    return encode
