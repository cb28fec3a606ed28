"""A progress bar for Keras's `fit`: one step an epoch, with the latest losses beside it."""

from __future__ import annotations

from typing import Any

import keras
from tqdm import tqdm


class EpochProgress(keras.callbacks.Callback):  # type: ignore[misc]
    """Shows how many of `epochs` are done; ends early where training does."""

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self._bar = tqdm(total=epochs, desc="training", unit="epoch")

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """One more epoch is done."""
        self._bar.update()
        self._bar.set_postfix({name: f"{value:.3f}" for name, value in (logs or {}).items()})

    def on_train_end(self, logs: Any = None) -> None:
        """Leaves the finished bar on the screen."""
        self._bar.close()
