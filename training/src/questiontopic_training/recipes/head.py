"""The recipe `head`: a better head on the frozen encoder, raw text, both label levels; any encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import keras

from ..encoders import TrainingEncoder
from ..examples import Examples, Labels
from ..heads import dropout_head
from ..loss import topic_loss
from ..progress import EpochProgress
from ..teachers import Teachers


@dataclass(frozen=True)
class Head:
    """Hyper-parameters: epochs in passes over the data, the others as their names say."""

    name: ClassVar[str] = "head"
    preparation: ClassVar[str] = "raw"
    fine: ClassVar[bool] = True
    needs_validation: ClassVar[bool] = False
    encoder: ClassVar[str] = ""
    learns_from_unlabelled: ClassVar[bool] = False

    epochs: int = 40
    batch_size: int = 256
    learning_rate: float = 4e-3
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    hidden: int = 512
    input_dropout: float = 0.1
    hidden_dropout: float = 0.4

    def train(
        self,
        encoder: TrainingEncoder,
        training: Examples,
        validation: Examples | None,
        labels: Labels,
        seed: int,
        teachers: Teachers,
    ) -> Any:
        """The frozen encoder with the trained head; `validation` is not looked at."""
        keras.utils.set_random_seed(seed)
        features = encoder.features(training.texts)
        head = dropout_head(features.shape[1], self.hidden, len(labels.fine), self.input_dropout, self.hidden_dropout)
        steps = self.epochs * -(-len(training) // self.batch_size)
        schedule = keras.optimizers.schedules.CosineDecay(self.learning_rate, steps)
        optimizer = keras.optimizers.AdamW(schedule, weight_decay=self.weight_decay)
        trainer = keras.Sequential([head])  # So that `head` is saved without optimiser and loss.
        trainer.compile(optimizer, topic_loss(labels.matrix, self.label_smoothing), jit_compile=False)
        progress = [EpochProgress(self.epochs)]
        trainer.fit(
            features, training.fine, batch_size=self.batch_size, epochs=self.epochs, callbacks=progress, verbose=0
        )
        return encoder.graph(head)
