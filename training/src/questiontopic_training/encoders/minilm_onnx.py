"""The ONNX form of all-MiniLM-L6-v2 with a head: the same inputs and results as the Keras form.

The file holds only the head's weights. Those of the encoder are given when the graph is loaded.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper

from questiontopic_model.encoders.minilm import DIMENSION, HEADS, LAYERS, published_weights

from .onnx_graph_builder import FLOAT, GraphBuilder, add_head, logits_output

_EPSILON = 1e-12


def save_minilm_onnx(model: Any, path: Path) -> None:
    """Writes the graph of a trained model; the reader must give the encoder's weights by their names."""
    graph = _Graph()
    graph.add("Identity", add_head(graph, _layers(graph), model.get_layer("head")), output="logits")
    inputs = [
        helper.make_tensor_value_info("embeddings", FLOAT, ["pieces", DIMENSION]),
        helper.make_tensor_value_info("pooling", FLOAT, ["texts", "pieces"]),
        helper.make_tensor_value_info("slots", TensorProto.INT32, ["texts", "longest"]),
        helper.make_tensor_value_info("back", TensorProto.INT32, ["pieces"]),
    ]
    path.write_bytes(graph.model(inputs, [logits_output(model.output_shape[-1])]).SerializeToString(deterministic=True))


def _layers(graph: _Graph) -> str:
    width = DIMENSION // HEADS
    shares = graph.add("Pad", graph.add("ReduceMax", "pooling", axes=[0], keepdims=0), graph.integers(0, 1))
    absent = graph.add("Equal", graph.add("Gather", shares, "slots", axis=0), graph.floats(0.0))
    mask = graph.add("Mul", graph.add("Cast", absent, to=FLOAT), graph.floats(-1e9))
    mask = graph.add("Unsqueeze", mask, graph.integers(1, 2))
    x = graph.named_norm("embeddings", "embeddings_norm")
    for number in range(LAYERS):
        layer = f"layer{number}"
        padded = graph.add("Pad", graph.named_dense(x, f"{layer}_qkv"), graph.integers(0, 0, 1, 0))
        seen = graph.add("Gather", padded, "slots", axis=0)
        parts = graph.add("Reshape", seen, graph.integers(0, 0, 3, HEADS, width))
        turned = graph.add("Transpose", parts, perm=[2, 0, 3, 1, 4])
        query, key, value = (graph.add("Gather", turned, graph.integer(part), axis=0) for part in range(3))
        scores = graph.add("MatMul", query, graph.add("Transpose", key, perm=[0, 1, 3, 2]))
        scores = graph.add("Add", graph.add("Mul", scores, graph.floats(width**-0.5)), mask)
        mixed = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), value)
        mixed = graph.add("Reshape", graph.add("Transpose", mixed, perm=[0, 2, 1, 3]), graph.integers(-1, DIMENSION))
        mixed = graph.named_dense(graph.add("Gather", mixed, "back", axis=0), f"{layer}_mixed")
        x = graph.named_norm(graph.add("Add", x, mixed), f"{layer}_mixed_norm")
        inner = graph.gelu(graph.named_dense(x, f"{layer}_inner"))
        x = graph.named_norm(graph.add("Add", x, graph.named_dense(inner, f"{layer}_outer")), f"{layer}_outer_norm")
    return graph.add("MatMul", "pooling", x)


class _Graph(GraphBuilder):
    """Adds the encoder's layers, whose weights are given by name when the graph is loaded."""

    def __init__(self) -> None:
        super().__init__()
        self._shapes = {name: weight.shape for name, weight in published_weights().items()}

    def integer(self, value: int) -> str:
        return self.constant(np.array(value, np.int64))

    def integers(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def floats(self, value: float) -> str:
        return self.constant(np.array(value, np.float32))

    def named_dense(self, value: str, layer: str) -> str:
        return self.add("Gemm", value, self._given(f"{layer}/kernel"), self._given(f"{layer}/bias"))

    def named_norm(self, value: str, layer: str) -> str:
        gamma, beta = self._given(f"{layer}/gamma"), self._given(f"{layer}/beta")
        return self.add("LayerNormalization", value, gamma, beta, axis=-1, epsilon=_EPSILON)

    def gelu(self, value: str) -> str:
        raised = self.add("Erf", self.add("Div", value, self.floats(2**0.5)))
        return self.add("Mul", self.add("Mul", value, self.add("Add", raised, self.floats(1.0))), self.floats(0.5))

    def _given(self, name: str) -> str:
        """A weight that is not in the file."""
        tensor = TensorProto(name=name, data_type=FLOAT, dims=self._shapes[name], data_location=TensorProto.EXTERNAL)
        tensor.external_data.add(key="location", value="given-by-the-reader")
        self.initializers.append(tensor)
        return name
