"""Progress bars on standard error."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable
from typing import Any

import keras
from tqdm import tqdm


def bar(steps: Iterable[Any] | None, what: str, total: int, unit: str, *, leave: bool = True) -> Any:
    """A bar of `total` steps. In a child process it begins with the name of the process."""
    name = f"{multiprocessing.current_process().name}: " if multiprocessing.parent_process() else ""
    return tqdm(steps, desc=f"{name}{what}", total=total, unit=unit, leave=leave)


class EpochProgress(keras.callbacks.Callback):  # type: ignore[misc]
    """A bar for Keras's `fit`: one step per epoch, with the latest losses. It stops early if training does."""

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self._bar = bar(None, "training", epochs, "epoch")

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Moves the bar by one epoch."""
        self._bar.update()
        self._bar.set_postfix({name: f"{value:.3f}" for name, value in (logs or {}).items()})

    def on_train_end(self, logs: Any = None) -> None:
        """Leaves the bar on the screen."""
        self._bar.close()
