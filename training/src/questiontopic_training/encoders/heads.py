"""Heads: a sentence's vector in, logits out."""

from __future__ import annotations

from typing import Any

import keras


def dropout_head(dimension: int, hidden: int, outputs: int, input_dropout: float, hidden_dropout: float) -> Any:
    """One hidden layer between two dropouts, on the vector scaled to a mean square of 1.

    Encoders give vectors of length 1, whose numbers are so small that the hidden layer would learn many times slower.
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
    """One layer after a dropout, for a vector that was itself trained for the task."""
    layers = keras.layers
    return keras.Sequential(
        [keras.Input((dimension,)), layers.Dropout(dropout), layers.Dense(outputs, name="logits")], name="head"
    )


def with_head(body: Any, head: Any) -> Any:
    """The graph of a bundle: the body's inputs in, the head's logits out."""
    return keras.Model(body.input, head(body.output), name="topic")
