"""The loss of both label levels: cross-entropy of the fine labels plus that of the coarse ones, which sum them up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from questiontopic_model.runtimes.graph import Floats


def topic_loss(matrix: Floats, smoothing: float) -> Callable[[Any, Any], Any]:
    """A loss of (fine label numbers [texts], fine logits [texts, labels]) with one value a text.

    `matrix` is [fine labels, coarse labels]; `smoothing` is the share of each target that is spread over all labels.
    Where each label is its own coarse one there is nothing to add.
    """
    ops, entropy = keras.ops, keras.losses.categorical_crossentropy

    def loss(fine: Any, logits: Any) -> Any:
        target = ops.one_hot(ops.cast(ops.reshape(fine, (-1,)), "int32"), matrix.shape[0])  # `fit` makes them floats.
        of_fine = entropy(target, logits, from_logits=True, label_smoothing=smoothing)
        if matrix.shape[0] == matrix.shape[1]:
            return of_fine
        coarse = ops.matmul(ops.softmax(logits), matrix)
        return of_fine + entropy(ops.matmul(target, matrix), coarse, label_smoothing=smoothing)

    return loss
