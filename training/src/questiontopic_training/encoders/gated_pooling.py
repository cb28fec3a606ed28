"""Gated pooling: adds values to the encoder's vector that a few important word pieces can decide.

The topic of a question often depends on one or two words, which the encoder's mean over all pieces dilutes. So every
piece also gets values, and gates between 0 and 1 that say how much of these values the text gets.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from questiontopic_model.encoders.usem3 import DIMENSION

SCALE = float(np.float16(DIMENSION**-0.5))  # Makes the normalised values as large as the numbers of a unit vector.


def with_gates(body: Any, units: int) -> Any:
    """The model of `build_usem3` with `units` pooled values after its vector; its output is [texts, 512 + units]."""
    layers = keras.layers
    pieces = body.get_layer("words_norm").output
    gates = layers.Dense(units, activation="sigmoid", name="gates")(pieces)
    gated = layers.Multiply()([layers.Dense(units, name="values")(pieces), gates])
    pooled = layers.LayerNormalization(name="gated_norm")(keras.ops.matmul(body.input["pooling"], gated))
    vector = layers.Concatenate()([body.output, layers.Rescaling(SCALE)(pooled)])
    return keras.Model(body.input, vector, name="gated_body")
