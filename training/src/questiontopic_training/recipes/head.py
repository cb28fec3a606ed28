"""The recipe `head`: a better head on a frozen encoder; any encoder, both label levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np

from ..data.examples import Examples
from ..encoders.heads import dropout_head
from ..progress import EpochProgress
from .batches import FeatureBatches
from .loss import topic_loss
from .recipe import Recipe, Task

_HELD_OUT_SHARE = 0.1


@dataclass(frozen=True)
class Head(Recipe):
    """Hyper-parameters.

    With a `patience` above 0, a first training on nine tenths of the rows finds the number of epochs: it stops when the
    loss of the other rows has not fallen for `patience` epochs. The training on all rows then stops at the best epoch.
    Validation rows of the caller are not used, so that measurements on them stay fair.
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
    patience: int = 0

    def train(self, task: Task) -> Any:
        """The frozen encoder with a trained head; ignores validation rows and teachers."""
        epochs = self._best_epoch(task) if self.patience else self.epochs
        head, _ = self._fit(task, task.training, None, epochs)
        return task.encoder.graph(head)

    def _best_epoch(self, task: Task) -> int:
        kept, held_out = task.training.split(_HELD_OUT_SHARE, task.seed)
        _, losses = self._fit(task, kept, held_out, self.epochs)
        return int(np.argmin(losses)) + 1

    def _fit(self, task: Task, training: Examples, held_out: Examples | None, epochs: int) -> tuple[Any, list[float]]:
        """The head after at most `epochs` epochs, and the loss of the held-out rows after each of them."""

        def batches_of(rows: Examples) -> FeatureBatches:
            return FeatureBatches(task.encoder.features(rows.texts), rows, self.balance, self.batch_size, task.seed)

        batches, validation = batches_of(training), batches_of(held_out) if held_out else None
        keras.utils.set_random_seed(task.seed)  # After the encoding, which may use random numbers.
        head = dropout_head(
            batches.dimension, self.hidden, len(task.labels.fine), self.input_dropout, self.hidden_dropout
        )
        schedule = keras.optimizers.schedules.CosineDecay(self.learning_rate, self.epochs * len(batches))
        optimizer = keras.optimizers.AdamW(schedule, weight_decay=self.weight_decay)
        trainer = keras.Sequential([head])  # Wraps `head`, so that `head` itself is saved without optimiser and loss.
        optimizer.build(trainer.trainable_variables)  # Otherwise Keras compiles the training step twice.
        trainer.compile(optimizer, topic_loss(task.labels.matrix, self.label_smoothing), jit_compile=False)
        callbacks = [EpochProgress(epochs)]
        if held_out:
            callbacks.append(keras.callbacks.EarlyStopping("val_loss", patience=self.patience))
        history = trainer.fit(batches, epochs=epochs, validation_data=validation, callbacks=callbacks, verbose=0)
        return head, history.history.get("val_loss", [])
