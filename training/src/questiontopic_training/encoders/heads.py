"""Heads: models that turn the vector of a text into logits."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from questiontopic_model.runtimes.graph import Floats

from ..data.examples import Ints

_COSINE_SCALE = 16.0


def dropout_head(dimension: int, hidden: int, outputs: int, input_dropout: float, hidden_dropout: float) -> Any:
    """One hidden layer between two dropouts. The vector is first scaled to a mean square of 1.

    Encoders give vectors of length 1; their numbers are so small that the hidden layer would learn many times slower.
    """
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((dimension,)),
            layers.LayerNormalization(center=False, scale=False, epsilon=1e-12, name="scaled"),
            layers.Dropout(input_dropout),
            layers.Dense(hidden, activation="relu", name="hidden"),
            layers.Dropout(hidden_dropout),
            layers.Dense(outputs, name="logits"),
        ],
        name="head",
    )


def prototype_head(vectors: Floats, labels: Ints, outputs: int, dropout: float) -> Any:
    """One layer after a dropout that begins as a nearest-mean classifier: each label's weights are its mean vector.

    So it is right about most texts before it has learned anything, and does not disturb an encoder that is trained
    together with it. The logits are cosines times a fixed scale. A label without vectors begins with the logit 0.
    """
    layers, dimension = keras.layers, vectors.shape[1]
    sums = np.zeros((outputs, dimension), np.float32)
    np.add.at(sums, labels, vectors)
    means = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    head = keras.Sequential(
        [
            keras.Input((dimension,)),
            layers.LayerNormalization(center=False, scale=False, epsilon=1e-12, name="scaled"),
            layers.Dropout(dropout),
            layers.Dense(outputs, name="logits"),
        ],
        name="head",
    )
    head.get_layer("logits").set_weights([_COSINE_SCALE * means.T / dimension**0.5, np.zeros(outputs, np.float32)])
    return head


def fixed_head(kernel: Floats, bias: Floats) -> Any:
    """One layer with these weights: [dimension, labels] and [labels]."""
    head = keras.Sequential([keras.Input((len(kernel),)), keras.layers.Dense(len(bias), name="logits")], name="head")
    head.get_layer("logits").set_weights([kernel, bias])
    return head


def with_head(body: Any, head: Any) -> Any:
    """The graph of a bundle: the inputs of `body`, the logits of `head`."""
    return keras.Model(body.input, head(body.output), name="topic")
