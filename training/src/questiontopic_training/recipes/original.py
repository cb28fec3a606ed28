"""The recipe `original`: the model of the article of 2019, its errors corrected; any encoder, coarse labels only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import keras

from ..progress import EpochProgress
from .recipe import Recipe, Task

_ARTICLE = (512, 6, 198_662)  # The article's encoder dimension, number of labels and number of trainable parameters.


@dataclass(frozen=True)
class Original(Recipe):
    """Hyper-parameters. Training takes at most `epochs` and stops early when the validation loss no longer falls.

    The article has six sigmoids, trained with a softmax loss and divided by their sum; here they are one softmax.
    """

    name: ClassVar[str] = "original"
    preparation: ClassVar[str] = "original"
    fine: ClassVar[bool] = False
    needs_validation: ClassVar[bool] = True

    epochs: int = 200
    batch_size: int = 2048
    learning_rate: float = 1e-3
    hidden: int = 256
    l2: float = 0.001
    patience: int = 10

    def train(self, task: Task) -> Any:
        """The frozen encoder with a trained head; raises ValueError without validation rows."""
        encoder, training, validation, labels = task.encoder, task.training, task.validation, task.labels
        if validation is None:
            raise ValueError("the recipe original stops early, so it needs validation rows")
        features, validation_features = encoder.features(training.texts)[:], encoder.features(validation.texts)[:]
        keras.utils.set_random_seed(task.seed)  # After the encoding, which may use random numbers.
        head = self.head(features.shape[1], len(labels.coarse))
        head.summary()
        dimension, outputs, expected = _ARTICLE
        if (features.shape[1], len(labels.coarse)) == (dimension, outputs) and head.count_params() != expected:
            raise ValueError(f"the head has {head.count_params()} parameters, the article's has {expected}")
        trainer = keras.Sequential([head])  # Wraps `head`, so that `head` itself is saved without optimiser and loss.
        optimizer = keras.optimizers.RMSprop(self.learning_rate)
        optimizer.build(trainer.trainable_variables)  # Otherwise Keras compiles the training step twice.
        trainer.compile(
            optimizer,
            keras.losses.CategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
            jit_compile=False,
        )
        trainer.fit(
            features,
            keras.ops.one_hot(training.coarse, outputs := len(labels.coarse)),
            batch_size=self.batch_size,
            epochs=self.epochs,
            validation_data=(validation_features, keras.ops.one_hot(validation.coarse, outputs)),
            callbacks=[
                keras.callbacks.EarlyStopping("val_loss", patience=self.patience, restore_best_weights=True),
                EpochProgress(self.epochs),
            ],
            verbose=0,
        )
        return encoder.graph(head)

    def head(self, dimension: int, outputs: int) -> Any:
        """The article's layers without the softmax: their outputs are logits."""
        layers = keras.layers

        def hidden() -> Any:
            return layers.Dense(self.hidden, activation="relu", kernel_regularizer=keras.regularizers.L2(self.l2))

        return keras.Sequential([keras.Input((dimension,)), hidden(), hidden(), layers.Dense(outputs)], name="head")
