"""The Keras form of all-MiniLM-L6-v2 after its embedding table: six transformer layers and the mean over the pieces.

It has standard Keras layers and operations only, so that the saved model loads in safe mode without custom code. The
dense layers see all pieces of a batch in one matrix; only attention sees them text by text, padded to the longest text.
"""

from __future__ import annotations

from typing import Any

import keras

from questiontopic_model.encoders.minilm import DIMENSION, HEADS, LAYERS, Weights, published_weights

_INNER = 1536
_EPSILON = 1e-12


def build_minilm(dropout: float = 0.0) -> Any:
    """The layers with the published weights: flat inputs in, mean vectors [texts, 384] out."""
    model = _layers(dropout)
    set_weights(model, published_weights())
    return model


def set_weights(model: Any, weights: Weights) -> None:
    """Sets weights by the names that `questiontopic_model.encoders.minilm` gives them."""
    for name, value in weights.items():
        layer, _, weight = name.partition("/")
        getattr(model.get_layer(layer), weight).assign(value)


def get_weights(model: Any) -> Weights:
    """The weights by the same names."""
    names = [name.partition("/") for name in published_weights()]
    return {f"{layer}/{weight}": getattr(model.get_layer(layer), weight).numpy() for layer, _, weight in names}


def _layers(dropout: float) -> Any:
    layers, ops = keras.layers, keras.ops
    pooling = keras.Input((None,), name="pooling")
    embeddings = keras.Input((DIMENSION,), name="embeddings")
    padding_index = keras.Input((None,), dtype="int32", name="slots")
    unpadding_index = keras.Input((), dtype="int32", name="back")

    def norm(x: Any, name: str) -> Any:
        return layers.LayerNormalization(epsilon=_EPSILON, name=name)(x)

    def residual(x: Any, change: Any, name: str) -> Any:
        return norm(layers.Add()([x, layers.Dropout(dropout)(change)]), name)

    share = ops.take(ops.pad(ops.max(pooling, axis=0), ((0, 1),)), padding_index, axis=0)  # 0 in the padding.
    mask = ops.cast(ops.equal(share, 0.0), "float32") * -1e9
    mask = ops.expand_dims(ops.expand_dims(mask, 1), 1)
    x = layers.Dropout(dropout)(norm(embeddings, "embeddings_norm"))
    for number in range(LAYERS):
        layer = f"layer{number}"
        qkv = layers.Dense(3 * DIMENSION, name=f"{layer}_qkv")(x)
        mixed = _attention(qkv, padding_index, unpadding_index, mask)
        x = residual(x, layers.Dense(DIMENSION, name=f"{layer}_mixed")(mixed), f"{layer}_mixed_norm")
        inner = layers.Dense(_INNER, activation="gelu", name=f"{layer}_inner")(x)
        x = residual(x, layers.Dense(DIMENSION, name=f"{layer}_outer")(inner), f"{layer}_outer_norm")
    inputs = {"pooling": pooling, "embeddings": embeddings, "slots": padding_index, "back": unpadding_index}
    return keras.Model(inputs, ops.matmul(pooling, x), name="minilm")


def _attention(qkv: Any, padding_index: Any, unpadding_index: Any, mask: Any) -> Any:
    ops, width = keras.ops, DIMENSION // HEADS
    padded = ops.take(ops.pad(qkv, ((0, 1), (0, 0))), padding_index, axis=0)
    parts = keras.layers.Reshape((-1, 3, HEADS, width))(padded)
    query, key, value = (ops.transpose(parts[:, :, part], (0, 2, 1, 3)) for part in range(3))
    scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) * width**-0.5 + mask
    mixed = ops.transpose(ops.matmul(ops.softmax(scores), value), (0, 2, 1, 3))
    return ops.take(ops.reshape(mixed, (-1, DIMENSION)), unpadding_index, axis=0)
