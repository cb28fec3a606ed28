"""The recipe `head`: a better head on a frozen encoder; any encoder, both label levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import keras

from ..encoders.heads import dropout_head
from ..progress import EpochProgress
from .batches import FeatureBatches
from .loss import topic_loss
from .recipe import Recipe, Task


@dataclass(frozen=True)
class Head(Recipe):
    """Hyper-parameters.

    All `epochs` are run, because the rate falls to 0 along a cosine: a training that stops early ends at a high rate.
    """

    name: ClassVar[str] = "head"

    epochs: int = 40
    batch_size: int = 256
    learning_rate: float = 4e-3
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    hidden: int = 512
    input_dropout: float = 0.1
    hidden_dropout: float = 0.4
    balance: float = 0.0  # See `Examples.weights`.

    def train(self, task: Task) -> Any:
        """The frozen encoder with a trained head; ignores validation rows and teachers."""
        features = task.encoder.features(task.training.texts)
        batches = FeatureBatches(features, task.training, self.balance, self.batch_size, task.seed)
        keras.utils.set_random_seed(task.seed)  # After the encoding, which may use random numbers.
        head = dropout_head(
            batches.dimension, self.hidden, len(task.labels.fine), self.input_dropout, self.hidden_dropout
        )
        schedule = keras.optimizers.schedules.CosineDecay(self.learning_rate, self.epochs * len(batches))
        optimizer = keras.optimizers.AdamW(schedule, weight_decay=self.weight_decay)
        trainer = keras.Sequential([head])  # Wraps `head`, so that `head` itself is saved without optimiser and loss.
        optimizer.build(trainer.trainable_variables)  # Otherwise Keras compiles the training step twice.
        trainer.compile(optimizer, topic_loss(task.labels.matrix, self.label_smoothing), jit_compile=False)
        trainer.fit(batches, epochs=self.epochs, callbacks=[EpochProgress(self.epochs)], verbose=0)
        return task.encoder.graph(head)
