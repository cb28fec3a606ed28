"""Progress bars, which tell on the error stream how far long work is."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable
from typing import Any

import keras
from tqdm import tqdm


def bar(steps: Iterable[Any] | None, what: str, total: int, unit: str, *, leave: bool = True) -> Any:
    """A bar of `total` steps; in a process beside others it begins with the process's name."""
    name = f"{multiprocessing.current_process().name}: " if multiprocessing.parent_process() else ""
    return tqdm(steps, desc=f"{name}{what}", total=total, unit=unit, leave=leave)


class EpochProgress(keras.callbacks.Callback):  # type: ignore[misc]
    """For Keras's `fit`: one step an epoch, with the latest losses beside it; ends early where training does."""

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self._bar = bar(None, "training", epochs, "epoch")

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """One more epoch is done."""
        self._bar.update()
        self._bar.set_postfix({name: f"{value:.3f}" for name, value in (logs or {}).items()})

    def on_train_end(self, logs: Any = None) -> None:
        """Leaves the finished bar on the screen."""
        self._bar.close()
