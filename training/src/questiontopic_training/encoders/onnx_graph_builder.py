"""Builds an ONNX graph node by node, with the weights of Keras layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

# ONNX Runtime 1.13 and later know this version; earlier versions have no LayerNormalization.
_OPSET, _IR_VERSION = 17, 8
FLOAT = TensorProto.FLOAT


class GraphBuilder:
    """The nodes and constants of an unfinished graph. A value is identified by its name."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self.initializers: list[Any] = []

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Adds a node with one output and returns the name of the output."""
        name = output or f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [name], name, **attributes))
        return name

    def split(self, value: str, parts: int) -> list[str]:
        """Splits a value into equal parts of its columns."""
        names = [f"{value}_part{part}" for part in range(parts)]
        self._nodes.append(helper.make_node("Split", [value], names, axis=1))
        return names

    def constant(self, value: Any) -> str:
        """Adds an array as it is."""
        name = f"constant_{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(value, name))
        return name

    def weight(self, value: Any) -> str:
        """Adds an array as float16; it is cast to float32 once, when the graph is loaded."""
        return self.add("Cast", self.constant(value.astype(np.float16)), to=FLOAT)

    def dense(self, value: str, layer: Any) -> str:
        """Adds a dense layer of Keras, without its activation."""
        kernel, *bias = layer.get_weights()
        return self.add("Gemm", value, self.weight(kernel), *map(self.weight, bias))

    def norm(self, value: str, layer: Any) -> str:
        """Adds a layer normalisation of Keras over the columns."""
        weights = layer.get_weights() or [np.ones(layer.input.shape[-1], np.float32)]  # ONNX requires a scale.
        return self.add("LayerNormalization", value, *map(self.weight, weights), axis=-1, epsilon=layer.epsilon)

    def model(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> Any:
        """The finished ONNX model."""
        graph = helper.make_graph(self._nodes, "topic", inputs, outputs, self.initializers)
        opset = [helper.make_opsetid("", _OPSET)]
        return helper.make_model(
            graph, opset_imports=opset, ir_version=_IR_VERSION, producer_name="questiontopic-training"
        )


def logits_output(labels: int) -> Any:
    """The output of every graph: logits [texts, labels]."""
    return helper.make_tensor_value_info("logits", FLOAT, ["texts", labels])


def add_head(graph: GraphBuilder, vector: str, head: Any) -> str:
    """Adds the layers of a head (see `heads`) after a vector; returns the name of the logits."""
    for layer in head.layers:
        if layer.__class__.__name__ == "Dense":
            vector = graph.dense(vector, layer)
            activation = layer.activation.__name__
            if activation == "relu":
                vector = graph.add("Relu", vector)
            elif activation != "linear":
                raise ValueError(f"no ONNX form for the activation {activation}")
        elif layer.__class__.__name__ == "LayerNormalization":
            vector = graph.norm(vector, layer)
        elif layer.__class__.__name__ != "Dropout":  # Dropout does nothing after training.
            raise ValueError(f"no ONNX form for the layer {layer.__class__.__name__}")
    return vector
