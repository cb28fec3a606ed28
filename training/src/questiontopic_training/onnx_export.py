"""The ONNX form of a usem3 graph, written from the Keras weights: same inputs, same numbers, no TensorFlow needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .body import ORDERS, taps

# Old enough for every ONNX Runtime since 1.13, new enough to have LayerNormalization.
_OPSET, _IR_VERSION = 17, 8
_FLOAT = TensorProto.FLOAT


def save_onnx(model: Any, path: Path) -> None:
    """Writes the graph `body` + `head` (see `encoders`), whose weights are rounded to 16 bits, and checks it."""
    graph = _Graph()
    words = _words(graph, model)
    text = _text(graph, model, words)
    for layer in model.get_layer("head").layers:
        if layer.__class__.__name__ == "Dense":
            text = graph.dense(text, layer)
            activation = layer.activation.__name__
            if activation == "relu":
                text = graph.add("Relu", text)
            elif activation != "linear":
                raise ValueError(f"no ONNX form for the activation {activation}")
        elif layer.__class__.__name__ == "LayerNormalization":
            text = graph.norm(text, layer)
        elif layer.__class__.__name__ != "Dropout":  # Which does nothing after training.
            raise ValueError(f"no ONNX form for the layer {layer.__class__.__name__}")
    graph.add("Identity", text, output="logits")
    onnx.save(graph.model(model.output_shape[-1]), path)
    onnx.checker.check_model(path, full_check=True)


def _words(graph: _Graph, model: Any) -> str:
    """Each piece's embedding beside what the convolutions make of it and its neighbours: [pieces, 1280]."""
    x = graph.norm(graph.dense("embeddings", model.get_layer("projection")), model.get_layer("projection_norm"))
    branches = graph.split(x, len(ORDERS))
    outside = graph.weight(np.zeros((1, model.get_layer("gram2_1").units), np.float32))
    grown = []
    for (order, left), x in zip(ORDERS, branches, strict=True):
        near = graph.add("Gather", "windows", graph.constant(np.array(taps(order, left), np.int64)), axis=1)
        for depth in (1, 2):
            layer = model.get_layer(f"gram{order}_{depth}")
            seen = graph.add("Gather", graph.add("Concat", x, outside, axis=0), near, axis=0)
            seen = graph.add("Reshape", seen, graph.constant(np.array([-1, order * layer.units], np.int64)))
            x = graph.add("Add", x, graph.add("Relu", graph.dense(seen, layer)))
        grown.append(x)
    return graph.norm(graph.add("Concat", "embeddings", *grown, axis=1), model.get_layer("words_norm"))


def _text(graph: _Graph, model: Any, words: str) -> str:
    """Each text's unit vector: [texts, 512]."""
    axis = graph.constant(np.array([1], np.int64))
    pooled = graph.add("Concat", graph.add("MatMul", "pooling", words), graph.add("ReduceSum", "pooling", axis), axis=1)
    text = graph.dense(pooled, model.get_layer("pooled"))
    layer = {name: model.get_layer(name) for name in ("d0", "d1", "p1", "d2", "p3", "d3")}
    first = graph.add("Relu", graph.dense(text, layer["d0"]))
    second = graph.add("Relu", graph.add("Add", graph.dense(text, layer["p1"]), graph.dense(first, layer["d1"])))
    third = graph.add("Relu", graph.dense(second, layer["d2"]))
    last = graph.add("Tanh", graph.add("Add", graph.dense(second, layer["p3"]), graph.dense(third, layer["d3"])))
    return graph.add("LpNormalization", last, axis=1, p=2)


class _Graph:
    """Nodes and constants under construction; a value is known by its name."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        name = output or f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [name], name, **attributes))
        return name

    def split(self, value: str, parts: int) -> list[str]:
        names = [f"{value}_part{part}" for part in range(parts)]
        self._nodes.append(helper.make_node("Split", [value], names, axis=1))
        return names

    def constant(self, value: Any) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(value, name))
        return name

    def weight(self, value: Any) -> str:
        """Stored in 16 bits, cast once when the graph is loaded."""
        return self.add("Cast", self.constant(value.astype(np.float16)), to=_FLOAT)

    def dense(self, value: str, layer: Any) -> str:
        kernel, *bias = layer.get_weights()
        return self.add("Gemm", value, self.weight(kernel), *map(self.weight, bias))

    def norm(self, value: str, layer: Any) -> str:
        weights = layer.get_weights() or [np.ones(layer.input.shape[-1], np.float32)]  # ONNX knows none without.
        return self.add("LayerNormalization", value, *map(self.weight, weights), axis=-1, epsilon=layer.epsilon)

    def model(self, outputs: int) -> Any:
        inputs = [
            helper.make_tensor_value_info("embeddings", _FLOAT, ["pieces", 512]),
            helper.make_tensor_value_info("windows", TensorProto.INT32, ["pieces", 5]),
            helper.make_tensor_value_info("pooling", _FLOAT, ["texts", "pieces"]),
        ]
        logits = helper.make_tensor_value_info("logits", _FLOAT, ["texts", outputs])
        graph = helper.make_graph(self._nodes, "topic", inputs, [logits], self._constants)
        opset = [helper.make_opsetid("", _OPSET)]
        return helper.make_model(
            graph, opset_imports=opset, ir_version=_IR_VERSION, producer_name="questiontopic-training"
        )
