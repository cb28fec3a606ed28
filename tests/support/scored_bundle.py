"""A bundle with the score "none of these" for tests: the default one with one more output.

Its raw logit is the highest logit of a label, with a minus: a text that no label fits has low logits. If the default
bundle has a score of its own, that one is kept.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import onnx
from server_process import DEFAULT_BUNDLE

from questiontopic_model.bundle import Manifest, NoneOfThese, read_bundle
from questiontopic_model.bundle.bundle import sha256_of
from questiontopic_model.loading import load_topic_model


def write_scored_bundle(folder: Path) -> Manifest:
    """Writes it, for both runtimes."""
    shutil.copytree(DEFAULT_BUNDLE, folder)
    manifest = read_bundle(folder).manifest
    if manifest.none_of_these:
        return manifest
    _score_onnx(folder / manifest.runtimes["onnxruntime"])
    _score_keras(folder / manifest.runtimes["tensorflow"])
    files = {name: sha256_of(folder / name) for name in manifest.files}
    scored = replace(manifest, files=files, none_of_these=NoneOfThese(1.0, 8.0))
    # The scores of the golden texts are not known until the bundle can be loaded.
    _seal(folder, replace(scored, golden=tuple(replace(entry, none_of_these=0.0) for entry in scored.golden)))
    found = load_topic_model(read_bundle(folder), "onnxruntime", None, 1).predict(
        [entry.text for entry in scored.golden]
    )
    assert found.none_of_these is not None
    pairs = zip(scored.golden, found.none_of_these.tolist(), strict=True)
    return _seal(folder, replace(scored, golden=tuple(replace(entry, none_of_these=score) for entry, score in pairs)))


def _seal(folder: Path, manifest: Manifest) -> Manifest:
    sealed = manifest.sealed()
    (folder / "manifest.json").write_text(json.dumps(sealed.to_json()), "utf-8")
    return sealed


def _score_onnx(path: Path) -> None:
    model = onnx.load(path)
    graph, make = model.graph, onnx.helper.make_node
    graph.node[-1].output[0] = "labels"
    graph.node.extend(
        [
            make("ReduceMax", ["labels"], ["highest"], axes=[1], keepdims=1),
            make("Neg", ["highest"], ["raw"]),
            make("Concat", ["labels", "raw"], [graph.output[0].name], axis=1),
        ]
    )
    graph.output[0].type.tensor_type.shape.dim[1].dim_value += 1
    onnx.save(model, path)


def _score_keras(path: Path) -> None:
    import keras

    model = keras.models.load_model(path, compile=False)
    labels = model.output
    raw = -keras.ops.max(labels, axis=1, keepdims=True)
    outputs = keras.layers.Concatenate(name="labels_and_score")([labels, raw])
    keras.Model(model.inputs, outputs).save(path)
