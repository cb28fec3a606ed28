"""Makes small bundles for tests."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest

from questiontopic_model.bundle import BundleError, Golden, Manifest, read_bundle
from questiontopic_model.bundle.bundle import sha256_of
from questiontopic_model.bundle.manifest import EncoderSpec
from questiontopic_model.loading import load_topic_model

MODEL = "model.onnx"
SAVED = "encoder/saved_model.pb"


def write(folder: Path, encoder: EncoderSpec, *listed: str, model: bytes = b"graph") -> Manifest:
    """Writes a bundle with a graph and a TF-Hub encoder, and a file outside it.

    The manifest lists the graph and the files `listed`.
    """
    (folder / SAVED).parent.mkdir(parents=True)
    (folder / SAVED).write_bytes(b"encoder")
    (folder / MODEL).write_bytes(model)
    (folder.parent / "outside").mkdir()
    (folder.parent / "outside" / "saved_model.pb").write_bytes(b"encoder")
    manifest = Manifest(
        name="pets",
        version="1.2.3",
        coarse_labels=("CAT", "DOG"),
        fine_labels=(),
        preparation="raw",
        encoder=encoder,
        runtimes={"onnxruntime": MODEL},
        files={name: sha256_of(folder / name) for name in (MODEL, *listed)},
        golden=(Golden("miaow", {"CAT": 0.9, "DOG": 0.1}),),
    )
    seal(folder, manifest)
    return manifest


def graph(pooling: str, texts: int | str, outputs: int = 2) -> bytes:
    """A graph whose outputs are the first numbers of each text's mean embedding."""
    helper, types = onnx.helper, onnx.TensorProto
    nodes = [
        helper.make_node("MatMul", [pooling, "embeddings"], ["means"]),
        helper.make_node("Gather", ["means", "first"], ["logits"], axis=1),
    ]
    inputs = [
        helper.make_tensor_value_info(pooling, types.FLOAT, [texts, "pieces"]),
        helper.make_tensor_value_info("embeddings", types.FLOAT, ["pieces", 512]),
        helper.make_tensor_value_info("windows", types.INT32, ["pieces", 5]),
    ]
    found = [helper.make_tensor_value_info("logits", types.FLOAT, [texts, outputs])]
    first = helper.make_tensor("first", types.INT64, [outputs], list(range(outputs)))
    made = helper.make_graph(nodes, "graph", inputs, found, [first])
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    content: bytes = model.SerializeToString()
    return content


def seal(folder: Path, manifest: Manifest) -> None:
    (folder / "manifest.json").write_text(json.dumps(manifest.sealed().to_json()), "utf-8")


def refusal(folder: Path) -> str:
    """The one line of the error with which the bundle is refused."""
    with pytest.raises(BundleError) as raised:
        load_topic_model(read_bundle(folder), "auto", None, threads=1)
    (line,) = str(raised.value).splitlines()
    return line
