"""The model as serving and training use it: texts in, probabilities of topics out."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .bundle.bundle import BundleError, bundle_errors
from .bundle.manifest import FineLabel, Manifest
from .calibration import Calibration
from .encoders.encoder import Encoder
from .none_of_these import label_logits, scores
from .preparation import PREPARATIONS
from .runtimes.graph import Floats, Graph

# Runtimes and machines differ in the last digits of a 32-bit sum. A wrong weight or label differs by far more.
GOLDEN_TOLERANCE = 1e-3
# The maximum number of pieces that are computed at once, to bound memory: each piece takes 32 kB (measured). It is the
# size of about thirty questions. Larger parts are hardly faster.
_MAX_PART_PIECES = 1_536
_EXTRA_PIECES = 3  # Pieces of a text that stand for none of its characters: its begin, its first word's begin, its end.


@dataclass(frozen=True)
class Step:
    """A step of the work on a batch, and when it began and ended by `time.monotonic`."""

    name: str
    began: float
    ended: float


@dataclass(frozen=True)
class Probabilities:
    """The answer for a batch, texts in order: arrays of shape [texts, labels], labels in the manifest's order.

    `fine` is None if the model has no fine labels. Each row sums to 1. `none_of_these` is the score that a text belongs
    to none of the labels, shape [texts]; None if the model has no such score. `steps` follow one another: `encode` and
    `graph` for each part of the batch, then `calibrate`.
    """

    coarse: Floats
    fine: Floats | None
    none_of_these: Floats | None
    truncated: tuple[bool, ...]
    steps: tuple[Step, ...]


class TopicModel:
    """A bundle's model. Several threads may call it at the same time."""

    def __init__(self, manifest: Manifest, runtime: str, encoder: Encoder, graph: Graph) -> None:
        self.manifest, self.runtime = manifest, runtime
        self._encoder, self._graph = encoder, graph
        self._prepare = PREPARATIONS[manifest.preparation]
        self._calibration = Calibration(manifest.temperature, manifest.temperatures)
        fine = manifest.fine_labels
        self._coarse_of_fine = coarse_of_fine(manifest.coarse_labels, fine) if fine else None

    @property
    def max_pieces(self) -> int:
        """The maximum number of word pieces that are read of a text; 0 if there is no limit."""
        return self._encoder.max_pieces

    def predict(self, texts: Sequence[str]) -> Probabilities:
        """The probabilities of every label for each text. There must be at least one text."""
        outputs: list[Floats] = []
        truncated: list[bool] = []
        ends = [("", time.monotonic())]
        for part in _parts([self._prepare(text) for text in texts], self.max_pieces):
            encoded = self._encoder.encode(part)
            ends.append(("encode", time.monotonic()))
            outputs.append(self._graph.run(encoded.inputs))
            ends.append(("graph", time.monotonic()))
            truncated.extend(encoded.truncated)
        scored = self.manifest.none_of_these
        whole = np.concatenate(outputs)
        none_of_these = scores(whole, scored) if scored else None
        finest = self._calibration.confidences(label_logits(whole, scored))
        coarse, fine = (finest, None) if self._coarse_of_fine is None else (finest @ self._coarse_of_fine, finest)
        ends.append(("calibrate", time.monotonic()))
        steps = (Step(name, began, ended) for (_, began), (name, ended) in pairwise(ends))
        return Probabilities(coarse, fine, none_of_these, tuple(truncated), tuple(steps))

    def check_golden(self) -> None:
        """Computes the golden texts, each alone and all together; raises BundleError if a confidence differs."""
        golden = self.manifest.golden
        coarse_names = self.manifest.coarse_labels
        fine_names = [label.name for label in self.manifest.fine_labels]
        with bundle_errors("self-check failed"):
            alone = [self.predict([entry.text]) for entry in golden]
            together = self.predict([entry.text for entry in golden])
        for row, entry in enumerate(golden):
            for found, at in ((alone[row], 0), (together, row)):
                _compare(entry.text, coarse_names, found.coarse[at], entry.coarse)
                if found.fine is not None:
                    _compare(entry.text, fine_names, found.fine[at], entry.fine)
                if found.none_of_these is not None and entry.none_of_these is not None:
                    _compare_one(entry.text, "none_of_these", float(found.none_of_these[at]), entry.none_of_these)


def _parts(texts: Sequence[str], max_pieces: int) -> Iterator[Sequence[str]]:
    """Splits the texts, in order, into parts of at most `_MAX_PART_PIECES` pieces, or of one text."""
    start, size = 0, 0
    for end, text in enumerate(texts):
        # A piece has at least one character of the text in Unicode's form NFKC, which splits ligatures and the like.
        length = len(text) if text.isascii() else len(unicodedata.normalize("NFKC", text))
        pieces = _EXTRA_PIECES + (min(length, max_pieces) if max_pieces else length)
        if size + pieces > _MAX_PART_PIECES and end > start:
            yield texts[start:end]
            start, size = end, 0
        size += pieces
    yield texts[start:]


def coarse_of_fine(coarse: Sequence[str], fine: Sequence[FineLabel]) -> Floats:
    """A matrix of zeros and ones, shape [fine labels, coarse labels]. Its product with fine probabilities sums them."""
    matrix = np.zeros((len(fine), len(coarse)), np.float32)
    for row, label in enumerate(fine):
        matrix[row, coarse.index(label.coarse)] = 1
    return matrix


def _compare(text: str, names: Sequence[str], found: Floats, recorded: Mapping[str, float]) -> None:
    for name, value in zip(names, found.tolist(), strict=True):
        _compare_one(text, name, value, recorded[name])


def _compare_one(text: str, name: str, found: float, recorded: float) -> None:
    if not abs(found - recorded) <= GOLDEN_TOLERANCE:
        raise BundleError(f"self-check failed: {text!r} gives {name} {found:.4f}, recorded {recorded:.4f}")
