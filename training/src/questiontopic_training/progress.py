"""Progress on standard error: bars, and lines about all models of a command."""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Callable, Iterable, Mapping
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


class ModelsProgress:
    """Says on standard error how many of a command's models are trained, and about how long the others will take.

    `work` has the amount of work of each model, in any unit; models may be trained side by side.
    """

    def __init__(self, work: Mapping[str, int], clock: Callable[[], float] = time.monotonic) -> None:
        self._work, self._clock, self._begin = dict(work), clock, clock()
        self._done: list[str] = []
        if work:
            print(f"models to train: {len(work)} ({', '.join(work)})", file=sys.stderr)

    def finished(self, name: str) -> None:
        """Counts a model as trained."""
        self._done.append(name)
        done = sum(self._work[one] for one in self._done)
        elapsed = self._clock() - self._begin
        left = elapsed * (sum(self._work.values()) - done) / max(done, 1)
        numbers = f"{len(self._done)} of {len(self._work)} models ({name}) after {_duration(elapsed)}"
        print(f"trained {numbers}" + (f"; about {_duration(left)} left" if left else ""), file=sys.stderr)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
