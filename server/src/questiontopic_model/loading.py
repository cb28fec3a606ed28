"""Loads a bundle's model: its encoder and its graph."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from .bundle.bundle import PIECES, Bundle, BundleError, bundle_errors, read_bundle
from .encoders.encoder import Encoder
from .encoders.minilm import load_minilm, trained_weights
from .encoders.tfhub import load_hub
from .encoders.usem3 import PieceEncoder, UseM3Encoder, load_usem3
from .ensemble import EnsembleEncoder, EnsembleGraph, Member
from .none_of_these import output_count
from .preparation import PREPARATIONS
from .runtimes.graph import Floats, Graph
from .runtimes.keras_graph import load_keras
from .runtimes.onnx_graph import load_onnx
from .runtimes.piece_cache import CachedGraph, PieceCache, Pieces
from .topic_model import TopicModel


def load_topic_model(bundle: Bundle, runtime: str, cache: Path | None, threads: int) -> TopicModel:
    """Loads the bundle's model; raises BundleError.

    `runtime` is `onnxruntime`, `tensorflow`, or `auto` for the first of the two that the bundle has. `cache` is the
    folder that keeps the encoder's unpacked table; None keeps the table in memory. `threads` is the number of CPU
    threads that one batch may use.
    """
    manifest = bundle.manifest
    if runtime == "auto":
        runtime = "onnxruntime" if "onnxruntime" in manifest.runtimes else "tensorflow"
    with bundle_errors(bundle.folder):
        encoder, graph = load_encoder_and_graph(bundle, runtime, cache, threads)
        _check_outputs(bundle, encoder, graph)
        return TopicModel(manifest, runtime, encoder, graph)


def load_encoder_and_graph(bundle: Bundle, runtime: str, cache: Path | None, threads: int) -> tuple[Encoder, Graph]:
    """Loads the two parts of a model; raises BundleError, or an error of the runtime's own."""
    manifest = bundle.manifest
    if runtime not in manifest.runtimes:
        raise BundleError(f"{bundle.folder}: no model for the runtime {runtime}, only for {sorted(manifest.runtimes)}")
    if manifest.preparation not in PREPARATIONS:
        raise BundleError(f"{bundle.folder}: unknown preparation {manifest.preparation!r}")
    if not manifest.members:
        encoder = _encoder(bundle, cache, threads)
        graph = _graph(runtime, bundle.folder / manifest.runtimes[runtime], threads, _weights(bundle))
        if runtime != "onnxruntime" or PIECES not in manifest.files:
            return encoder, graph
        return load_cached(encoder, graph, bundle.folder / PIECES, threads)
    members = {}
    for name in manifest.members:
        member = read_bundle(bundle.folder / name)
        own = member.manifest
        if (own.coarse_labels, own.fine_labels) != (manifest.coarse_labels, manifest.fine_labels):
            raise BundleError(f"{member.folder}: its labels are not those of the ensemble")
        parts = load_encoder_and_graph(member, runtime, cache, threads)
        _check_outputs(member, *parts)
        members[name] = Member(own.preparation, *parts, own.temperature, own.none_of_these)
    return EnsembleEncoder(members), EnsembleGraph(members)


def _check_outputs(bundle: Bundle, encoder: Encoder, graph: Graph) -> None:
    """Raises BundleError unless the graph has the outputs that the manifest promises."""
    manifest = bundle.manifest
    found, expected = graph.run(encoder.encode([manifest.golden[0].text]).inputs).shape[-1], output_count(manifest)
    if found != expected:
        labels = len(manifest.fine_labels or manifest.coarse_labels)
        score = " and none_of_these" if manifest.none_of_these else ""
        raise BundleError(f"{bundle.folder}: the model has {found} outputs for {labels} labels{score}")


def _encoder(bundle: Bundle, cache: Path | None, threads: int) -> Encoder:
    spec = bundle.manifest.encoder
    if spec.kind == "usem3":
        return load_usem3(spec, cache)
    if spec.kind == "tfhub":
        return load_hub(str(bundle.folder / spec.path), threads)
    if spec.kind == "minilm":
        return load_minilm(spec)
    raise BundleError(f"{bundle.folder}: unknown kind of encoder {spec.kind!r}")


def _weights(bundle: Bundle) -> Mapping[str, Floats]:
    """The weights that the graph's file does not contain. Only minilm has such weights: its package ships them."""
    spec = bundle.manifest.encoder
    if spec.kind != "minilm":
        return {}
    if spec.path not in bundle.manifest.files:
        raise BundleError(f"{bundle.folder}: encoder.path is {spec.path!r}, which files does not list")
    return trained_weights(bundle.folder / spec.path)


def _graph(runtime: str, path: Path, threads: int, weights: Mapping[str, Floats]) -> Graph:
    if runtime == "onnxruntime":
        return load_onnx(path, threads, weights)
    return load_keras(path, threads, weights)


def load_cached(encoder: Encoder, texts: Graph, pieces: Path, threads: int) -> tuple[PieceEncoder, CachedGraph]:
    """The encoder and the graph of a bundle whose graph is in two parts: `texts`, and the file `pieces`."""
    if not isinstance(encoder, UseM3Encoder):
        raise BundleError(f"{pieces}: only the encoder usem3 can have this file")
    graph, embeddings = load_onnx(pieces, threads), encoder.embeddings

    def compute(missing: Pieces) -> Floats:
        return graph.run({"embeddings": embeddings(missing)})

    width = compute(np.zeros(1, np.int64)).shape[1]
    return PieceEncoder(encoder), CachedGraph(PieceCache(encoder.vocabulary_size, width, compute), texts)
