"""The training loop for encoders and heads: soft targets, one optimiser for each part, averaged weights."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from questiontopic_model.runtimes.graph import Floats, Inputs

from ..progress import bar

# Inputs of the graph, and targets [texts, outputs]: the probabilities of the fine labels and, if the graph has one more
# output for it, 1 for a text that belongs to none of them, whose other targets are 0.
Batch = tuple[Inputs, Floats]
_NONE_WEIGHT = 0.5  # Of the loss of the score "none of these".


@dataclass(frozen=True)
class Optimisation:
    """How `fit` trains: rates are per step; `warm_up` and `frozen` are shares of all steps."""

    body_rate: float
    head_rate: float
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    warm_up: float = 1 / 15  # The rates rise to their peak in this time, then fall to 0 along a cosine.
    frozen: float = 0.03  # In this time only the head learns: with random weights it would disturb the encoder.
    ema_momentum: float = 0.995


def fit(model: Any, head: Any, batches: Iterable[Batch], steps: int, matrix: Floats, how: Optimisation) -> None:
    """Trains `model`, whose last layers are `head`, on all `batches`; the model then has the averaged weights.

    `steps` is about the number of batches: after so many, the rates are 0.

    The loss is the cross-entropy of the fine labels plus that of the coarse labels; `matrix` [fine, coarse] sums fine
    probabilities to coarse ones. A further output learns "none of these", and does not change the other outputs.
    """
    of_head = {id(variable) for variable in head.trainable_variables}
    parts = (
        (how.body_rate, how.frozen, [v for v in model.trainable_variables if id(v) not in of_head]),
        (how.head_rate, 0.0, list(head.trainable_variables)),
    )
    optimizers = []
    for rate, frozen, variables in parts:
        schedule = _Cosine(rate, steps, how.warm_up * steps, frozen * steps)
        optimizer = keras.optimizers.AdamW(
            schedule, weight_decay=how.weight_decay, use_ema=True, ema_momentum=how.ema_momentum
        )
        optimizer.build(variables)
        optimizers.append((optimizer, variables))
    step = _step(model, optimizers, tf.constant(matrix), how.clip_norm)
    losses = []
    with bar(batches, "training", steps, "batch") as progress:
        for inputs, target in progress:
            losses.append(float(step(inputs, target)))
            progress.set_postfix(loss=f"{np.mean(losses[-200:]):.3f}", refresh=False)
    for optimizer, variables in optimizers:
        optimizer.finalize_variable_values(variables)


def _step(model: Any, optimizers: Any, matrix: Any, clip_norm: float) -> Any:
    inputs = {tensor.name: tf.TensorSpec(tensor.shape, tensor.dtype, tensor.name) for tensor in model.inputs}
    labels, outputs = matrix.shape[0], model.output_shape[-1]
    signature = (inputs, tf.TensorSpec((None, outputs)))

    # No autograph: no `if` or loop depends on a tensor, and looking for them takes a fifth of the compilation.
    @tf.function(input_signature=signature, autograph=False)  # type: ignore[untyped-decorator]
    def step(batch: Any, target: Any) -> Any:
        with tf.GradientTape() as tape:
            found = model(batch, training=True)
            fine, wanted = tf.nn.log_softmax(found[:, :labels]), target[:, :labels]
            losses = -tf.reduce_sum(wanted * fine, 1)
            if labels != matrix.shape[1]:  # Only with a hierarchy.
                coarse = tf.math.log(tf.matmul(tf.exp(fine), matrix) + 1e-7)
                losses -= tf.reduce_sum(tf.matmul(wanted, matrix) * coarse, 1)
            if outputs > labels:
                none = tf.nn.sigmoid_cross_entropy_with_logits(target[:, labels], found[:, labels])
                losses += _NONE_WEIGHT * none
            loss = tf.reduce_mean(losses)
        variables = [variable for _, part in optimizers for variable in part]
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, variables), clip_norm)
        for optimizer, part in optimizers:
            mine, gradients = gradients[: len(part)], gradients[len(part) :]
            optimizer.apply_gradients(zip(mine, part, strict=True))
        return loss

    return step


class _Cosine(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """A rate that is 0 for `frozen` steps, rises to `peak` in `rise` steps and falls to 0 at step `steps`."""

    def __init__(self, peak: float, steps: int, rise: float, frozen: float) -> None:
        self._peak, self._steps, self._rise, self._frozen = peak, steps, max(rise, 1.0), frozen

    def __call__(self, step: Any) -> Any:
        thawed = tf.cast(step, tf.float32) - self._frozen
        rising = tf.clip_by_value(thawed / self._rise, 0.0, 1.0)
        done = (thawed - self._rise) / max(self._steps - self._frozen - self._rise, 1.0)
        return self._peak * rising * 0.5 * (1 + tf.cos(np.pi * tf.clip_by_value(done, 0.0, 1.0)))
