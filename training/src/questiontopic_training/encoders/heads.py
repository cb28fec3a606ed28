"""Heads: models that turn the vector of a text into logits."""

from __future__ import annotations

from typing import Any

import keras


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


def linear_head(dimension: int, outputs: int, dropout: float) -> Any:
    """One layer after a dropout, for an encoder that is trained together with the head."""
    layers = keras.layers
    return keras.Sequential(
        [keras.Input((dimension,)), layers.Dropout(dropout), layers.Dense(outputs, name="logits")], name="head"
    )


def with_head(body: Any, head: Any) -> Any:
    """The graph of a bundle: the inputs of `body`, the logits of `head`."""
    return keras.Model(body.input, head(body.output), name="topic")
