"""The Keras form of USE multilingual v3 after its embedding table: convolutions, pooling and dense layers.

It has standard Keras layers and operations only, so that the saved model loads in safe mode without custom code.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from questiontopic_model.encoders.usem3 import DIMENSION, resources

_CHANNELS = 256
CONVOLUTIONS = ((2, 0), (3, 1), (5, 2))  # How many pieces each one sees, and how many of them precede the piece itself.
OWN_COLUMN = 2  # The column of `windows` with the piece itself.


def build_usem3(dropout: float = 0.0) -> Any:
    """The layers with the published weights: flat inputs in, unit vectors [texts, 512] out.

    In training, the share `dropout` of each piece's numbers is dropped before and after the convolutions.
    """
    body = _layers(dropout)
    with np.load(resources() / "weights.npz", allow_pickle=False) as weights:
        for name, values in _pretrained(weights).items():
            body.get_layer(name).set_weights(values)
    return body


def window_columns(order: int, before: int) -> list[int]:
    """The columns of `windows` that a convolution over `order` pieces sees; `before` of them precede the piece."""
    return list(range(OWN_COLUMN - before, OWN_COLUMN - before + order))


def _layers(dropout: float) -> Any:
    layers, ops = keras.layers, keras.ops
    pooling = keras.Input((None,), name="pooling")
    embeddings = keras.Input((DIMENSION,), name="embeddings")
    windows = keras.Input((5,), dtype="int32", name="windows")

    projected = layers.Dense(_CHANNELS * len(CONVOLUTIONS), name="projection")(layers.Dropout(dropout)(embeddings))
    projected = layers.LayerNormalization(epsilon=1e-12, name="projection_norm")(projected)
    branches = []
    for (order, before), x in zip(CONVOLUTIONS, ops.split(projected, len(CONVOLUTIONS), axis=1), strict=True):
        near = ops.take(windows, window_columns(order, before), axis=1)
        for depth in (1, 2):
            padded = ops.pad(x, ((0, 1), (0, 0)))  # Adds the row of zeros that stands for pieces outside the text.
            seen = layers.Reshape((order * _CHANNELS,))(ops.take(padded, near, axis=0))
            gram = layers.Dense(_CHANNELS, activation="relu", name=f"gram{order}_{depth}")(seen)
            x = layers.Add()([x, gram])
        branches.append(x)
    pieces = layers.LayerNormalization(epsilon=1e-12, name="words_norm")(layers.Concatenate()([embeddings, *branches]))
    pieces = layers.Dropout(dropout)(pieces)

    # Projecting the sum equals summing the projections; the row sum of `pooling` is the factor of the bias.
    pooled = layers.Concatenate()([ops.matmul(pooling, pieces), ops.sum(pooling, axis=1, keepdims=True)])
    text = layers.Dense(DIMENSION, use_bias=False, name="pooled")(pooled)

    def dense(units: int, name: str) -> Any:
        return layers.Dense(units, use_bias=False, name=name)

    first = layers.ReLU()(dense(320, "d0")(text))
    second = layers.ReLU()(layers.Add()([dense(320, "p1")(text), dense(320, "d1")(first)]))
    third = layers.ReLU()(dense(DIMENSION, "d2")(second))
    last = layers.Add()([dense(DIMENSION, "p3")(second), dense(DIMENSION, "d3")(third)])
    vector = layers.UnitNormalization(name="vector")(layers.Activation("tanh")(last))
    return keras.Model({"pooling": pooling, "embeddings": embeddings, "windows": windows}, vector, name="body")


def _pretrained(weights: Any) -> dict[str, list[Any]]:
    def joined(prefix: str) -> Any:
        return np.concatenate([weights[f"{prefix}{order}"] for order, _ in CONVOLUTIONS], axis=-1)

    values = {
        "projection": [joined("proj"), joined("proj_b")],
        "projection_norm": [joined("ln_g"), joined("ln_b")],
        "words_norm": [weights["ln_g"], weights["ln_b"]],
        "pooled": [np.concatenate([weights["cnn_W"], weights["cnn_b"][None]])],
    }
    for order, _ in CONVOLUTIONS:
        for depth in (1, 2):
            values[f"gram{order}_{depth}"] = [weights[f"w{depth}_{order}"], weights[f"b{depth}_{order}"]]
    return values | {name: [weights[name]] for name in ("d0", "d1", "p1", "d2", "p3", "d3")}
