"""The ONNX form of USE multilingual v3 with a head: the same results as the Keras form, without TensorFlow.

There are two graphs. The first computes what depends on one word piece alone: a row of numbers, which the server keeps
for later texts. The second computes the logits from the rows of a text's pieces. A row consists of blocks of 256
numbers: two with the piece's embedding, one with its projection for each convolution, and one for each offset at which
a first convolution sees the piece.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from .gated_pooling import SCALE
from .onnx_graph_builder import FLOAT, GraphBuilder, add_head, logits_output
from .usem3_keras import CONVOLUTIONS, OWN_COLUMN, window_columns

_BLOCK = 256
_EMBEDDING = 2  # Number of blocks.
_BLOCKS = _EMBEDDING + len(CONVOLUTIONS) + sum(order for order, _ in CONVOLUTIONS)


def save_usem3_pieces_onnx(model: Any, path: Path) -> None:
    """Writes and checks the graph of single pieces: embeddings [pieces, 512] in, rows [pieces, 3840] out.

    `model` is an encoder with a head; its weights are rounded to float16.
    """
    graph = GraphBuilder()
    x = graph.norm(graph.dense("embeddings", model.get_layer("projection")), model.get_layer("projection_norm"))
    offsets = []
    for (order, _), branch in zip(CONVOLUTIONS, graph.split(x, len(CONVOLUTIONS)), strict=True):
        kernel, _ = model.get_layer(f"gram{order}_1").get_weights()
        offsets += [graph.add("MatMul", branch, graph.weight(part)) for part in np.split(kernel, order)]
    graph.add("Concat", "embeddings", x, *offsets, output="rows", axis=1)
    embeddings = helper.make_tensor_value_info("embeddings", FLOAT, ["pieces", _EMBEDDING * _BLOCK])
    rows = helper.make_tensor_value_info("rows", FLOAT, ["pieces", _BLOCKS * _BLOCK])
    onnx.save(graph.model([embeddings], [rows]), path)
    onnx.checker.check_model(path, full_check=True)


def save_usem3_onnx(model: Any, path: Path) -> None:
    """Writes and checks the graph of texts; its output is logits [texts, labels].

    Its inputs: rows [slots, 3840], the rows of pieces after one row of zeros; slots [pieces, 5], the number of the row
    of each piece in `windows`, 0 outside of the text; windows [pieces, 5] and pooling [texts, pieces], see
    `questiontopic_model.encoders.usem3.flat_inputs`.
    """
    graph = GraphBuilder()
    pieces = _piece_features(graph, model)
    text = _text(graph, model, pieces)
    if any(layer.name == "gates" for layer in model.layers):
        text = graph.add("Concat", text, _gated(graph, model, pieces), axis=1)
    text = add_head(graph, text, model.get_layer("head"))
    graph.add("Identity", text, output="logits")
    inputs = [
        helper.make_tensor_value_info("rows", FLOAT, ["slots", _BLOCKS * _BLOCK]),
        helper.make_tensor_value_info("slots", TensorProto.INT32, ["pieces", 5]),
        helper.make_tensor_value_info("windows", TensorProto.INT32, ["pieces", 5]),
        helper.make_tensor_value_info("pooling", FLOAT, ["texts", "pieces"]),
    ]
    onnx.save(graph.model(inputs, [logits_output(model.output_shape[-1])]), path)
    onnx.checker.check_model(path, full_check=True)


def _piece_features(graph: GraphBuilder, model: Any) -> str:
    """The embedding of each piece and the outputs of the three convolutions: [pieces, 1280]."""
    blocks = graph.add("Reshape", "rows", graph.constant(np.array([-1, _BLOCK], np.int64)))
    first = graph.add("Mul", "slots", graph.constant(np.array(_BLOCKS, np.int32)))

    def block(number: int, column: int) -> str:
        """This block of the row of each piece in this column of `slots`."""
        at = graph.add("Gather", first, graph.constant(np.array(column, np.int64)), axis=1)
        return graph.add("Gather", blocks, graph.add("Add", at, graph.constant(np.array(number, np.int32))), axis=0)

    outside = graph.weight(np.zeros((1, _BLOCK), np.float32))
    offset_block = _EMBEDDING + len(CONVOLUTIONS)
    branches = []
    for number, (order, before) in enumerate(CONVOLUTIONS):
        columns = window_columns(order, before)
        _, bias = model.get_layer(f"gram{order}_1").get_weights()
        seen = [block(offset_block + at, column) for at, column in enumerate(columns)]
        offset_block += order
        x = graph.add(
            "Add",
            block(_EMBEDDING + number, OWN_COLUMN),
            graph.add("Relu", graph.add("Sum", *seen, graph.weight(bias[None]))),
        )
        layer = model.get_layer(f"gram{order}_2")
        near = graph.add("Gather", "windows", graph.constant(np.array(columns, np.int64)), axis=1)
        around = graph.add("Gather", graph.add("Concat", x, outside, axis=0), near, axis=0)
        around = graph.add("Reshape", around, graph.constant(np.array([-1, order * _BLOCK], np.int64)))
        branches.append(graph.add("Add", x, graph.add("Relu", graph.dense(around, layer))))
    embedding = [block(number, OWN_COLUMN) for number in range(_EMBEDDING)]
    return graph.norm(graph.add("Concat", *embedding, *branches, axis=1), model.get_layer("words_norm"))


def _text(graph: GraphBuilder, model: Any, pieces: str) -> str:
    """The unit vector of each text: [texts, 512]."""
    axis = graph.constant(np.array([1], np.int64))
    pooled = graph.add(
        "Concat", graph.add("MatMul", "pooling", pieces), graph.add("ReduceSum", "pooling", axis), axis=1
    )
    text = graph.dense(pooled, model.get_layer("pooled"))
    layer = {name: model.get_layer(name) for name in ("d0", "d1", "p1", "d2", "p3", "d3")}
    first = graph.add("Relu", graph.dense(text, layer["d0"]))
    second = graph.add("Relu", graph.add("Add", graph.dense(text, layer["p1"]), graph.dense(first, layer["d1"])))
    third = graph.add("Relu", graph.dense(second, layer["d2"]))
    last = graph.add("Tanh", graph.add("Add", graph.dense(second, layer["p3"]), graph.dense(third, layer["d3"])))
    return graph.add("LpNormalization", last, axis=1, p=2)


def _gated(graph: GraphBuilder, model: Any, pieces: str) -> str:
    """The gated values of each text, [texts, units]: see `gated_pooling`."""
    gates = graph.add("Sigmoid", graph.dense(pieces, model.get_layer("gates")))
    gated = graph.add("Mul", graph.dense(pieces, model.get_layer("values")), gates)
    pooled = graph.norm(graph.add("MatMul", "pooling", gated), model.get_layer("gated_norm"))
    return graph.add("Mul", pooled, graph.weight(np.array(SCALE)))
