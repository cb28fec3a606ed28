"""Puts an ONNX graph together, node by node, from the weights of Keras layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

# Old enough for every ONNX Runtime since 1.13, new enough to have LayerNormalization.
_OPSET, _IR_VERSION = 17, 8
FLOAT = TensorProto.FLOAT


class GraphBuilder:
    """Nodes and constants under construction; a value is known by its name."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self.initializers: list[Any] = []

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """A node with one output; the output's name."""
        name = output or f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [name], name, **attributes))
        return name

    def split(self, value: str, parts: int) -> list[str]:
        """Equal parts of the columns."""
        names = [f"{value}_part{part}" for part in range(parts)]
        self._nodes.append(helper.make_node("Split", [value], names, axis=1))
        return names

    def constant(self, value: Any) -> str:
        """An array that is stored as it is."""
        name = f"constant_{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(value, name))
        return name

    def weight(self, value: Any) -> str:
        """Stored in 16 bits, cast once when the graph is loaded."""
        return self.add("Cast", self.constant(value.astype(np.float16)), to=FLOAT)

    def dense(self, value: str, layer: Any) -> str:
        """A Keras layer without its activation."""
        kernel, *bias = layer.get_weights()
        return self.add("Gemm", value, self.weight(kernel), *map(self.weight, bias))

    def norm(self, value: str, layer: Any) -> str:
        """A Keras layer normalisation over the columns."""
        weights = layer.get_weights() or [np.ones(layer.input.shape[-1], np.float32)]  # ONNX knows none without.
        return self.add("LayerNormalization", value, *map(self.weight, weights), axis=-1, epsilon=layer.epsilon)

    def model(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> Any:
        """The finished model."""
        graph = helper.make_graph(self._nodes, "topic", inputs, outputs, self.initializers)
        opset = [helper.make_opsetid("", _OPSET)]
        return helper.make_model(
            graph, opset_imports=opset, ir_version=_IR_VERSION, producer_name="questiontopic-training"
        )


def logits_output(labels: int) -> Any:
    """The output that every graph of texts has, [texts, labels]."""
    return helper.make_tensor_value_info("logits", FLOAT, ["texts", labels])


def add_head(graph: GraphBuilder, vector: str, head: Any) -> str:
    """The layers of a head (see `heads`) on a vector; its logits' name."""
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
        elif layer.__class__.__name__ != "Dropout":  # Which does nothing after training.
            raise ValueError(f"no ONNX form for the layer {layer.__class__.__name__}")
    return vector
