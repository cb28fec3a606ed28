"""The recipe `head`: a better head on the frozen encoder, raw text, both label levels; any encoder."""

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

_HELD_SHARE = 0.1


@dataclass(frozen=True)
class Head(Recipe):
    """Hyper-parameters: epochs in passes over the data, the others as their names say.

    With a `patience` of more than 0, a first training on nine tenths of the rows stops when the loss of the others has
    not fallen for so many epochs; its best epoch is where the training on all rows ends. Rows that the caller holds
    out play no part in this, so that what is measured on them stays fair.
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
    balance: float = 0.0  # Rows weigh their label's number of rows to the power of -balance.
    patience: int = 0

    def train(self, task: Task) -> Any:
        """The frozen encoder with the trained head; `validation` is not looked at."""
        epochs = self._best_epoch(task) if self.patience else self.epochs
        head, _ = self._fit(task, task.training, None, epochs)
        return task.encoder.graph(head)

    def _best_epoch(self, task: Task) -> int:
        kept, held = task.training.split(_HELD_SHARE, task.seed)
        _, losses = self._fit(task, kept, held, self.epochs)
        return int(np.argmin(losses)) + 1

    def _fit(self, task: Task, training: Examples, held: Examples | None, epochs: int) -> tuple[Any, list[float]]:
        """The head after at most `epochs`, and the held-out rows' loss after each of them."""

        def batches_of(rows: Examples) -> FeatureBatches:
            return FeatureBatches(task.encoder.features(rows.texts), rows, self.balance, self.batch_size, task.seed)

        batches, held_out = batches_of(training), batches_of(held) if held else None
        keras.utils.set_random_seed(task.seed)  # Not before: vectors that are not kept yet cost random numbers.
        head = dropout_head(
            batches.dimension, self.hidden, len(task.labels.fine), self.input_dropout, self.hidden_dropout
        )
        schedule = keras.optimizers.schedules.CosineDecay(self.learning_rate, self.epochs * len(batches))
        optimizer = keras.optimizers.AdamW(schedule, weight_decay=self.weight_decay)
        trainer = keras.Sequential([head])  # So that `head` is saved without optimiser and loss.
        trainer.compile(optimizer, topic_loss(task.labels.matrix, self.label_smoothing), jit_compile=False)
        callbacks = [EpochProgress(epochs)]
        if held:
            callbacks.append(keras.callbacks.EarlyStopping("val_loss", patience=self.patience))
        history = trainer.fit(batches, epochs=epochs, validation_data=held_out, callbacks=callbacks, verbose=0)
        return head, history.history.get("val_loss", [])
