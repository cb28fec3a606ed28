"""The loss for both label levels: the cross-entropy of the fine labels plus that of the coarse labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from questiontopic_model.runtimes.graph import Floats


def topic_loss(matrix: Floats, smoothing: float) -> Callable[[Any, Any], Any]:
    """A function of fine label numbers [texts] and fine logits [texts, labels] that gives the loss of each text.

    `matrix` [fine, coarse] sums fine probabilities to coarse ones; `smoothing` is the share of each target that is
    spread over all labels. Without a hierarchy, the loss of the labels counts once.
    """
    ops, entropy = keras.ops, keras.losses.categorical_crossentropy

    def loss(fine: Any, logits: Any) -> Any:
        numbers = ops.cast(ops.reshape(fine, (-1,)), "int32")  # Keras's `fit` gives them as floats.
        target = ops.one_hot(numbers, matrix.shape[0])
        of_fine = entropy(target, logits, from_logits=True, label_smoothing=smoothing)
        if matrix.shape[0] == matrix.shape[1]:
            return of_fine
        coarse = ops.matmul(ops.softmax(logits), matrix)
        return of_fine + entropy(ops.matmul(target, matrix), coarse, label_smoothing=smoothing)

    return loss
