"""Gated pooling: what a question asks for often hangs on one or two of its pieces, which the encoder's mean dilutes.

Beside the encoder's vector, each piece gives values, and gates between 0 and 1 say how much of them the text gets.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from questiontopic_model.encoders.usem3 import DIMENSION

SCALE = float(np.float16(DIMENSION**-0.5))  # Brings the normalised values to the size of a unit vector's numbers.


def with_gates(body: Any, units: int) -> Any:
    """The body of `body.build_usem3` with `units` pooled values after its vector: out come [texts, 512 + units]."""
    layers = keras.layers
    pieces = body.get_layer("words_norm").output
    gates = layers.Dense(units, activation="sigmoid", name="gates")(pieces)
    gated = layers.Multiply()([layers.Dense(units, name="values")(pieces), gates])
    pooled = layers.LayerNormalization(name="gated_norm")(keras.ops.matmul(body.input["pooling"], gated))
    vector = layers.Concatenate()([body.output, layers.Rescaling(SCALE)(pooled)])
    return keras.Model(body.input, vector, name="gated_body")
