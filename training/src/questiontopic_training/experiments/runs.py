"""Training runs: several at once, each in a process of its own, and none twice.

The recipe, the rows and the seed decide the model of a run. The number of runs at once does not change it.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import multiprocessing.connection
import multiprocessing.context
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from questiontopic_model.bundle import BundleError

from ..data.examples import Examples, Labels
from ..data.extras import Extras
from ..encoders.training_encoder import TrainingEncoder, load_encoder
from ..packages import versions
from ..progress import ModelsProgress
from ..recipes import Recipe, Task
from ..recipes.teachers import Teachers
from ..unfinished_file import unfinished_file


@dataclass(frozen=True)
class Run:
    """A model to train: a `Task` without the encoder and the teachers, which all runs share. `name` is for people."""

    name: str
    recipe: Recipe
    training: Examples
    validation: Examples | None
    labels: Labels
    seed: int
    extras: Extras = Extras()

    def train(self, encoder: TrainingEncoder, teachers: Teachers) -> Any:
        """Trains the model; it has the weights that it will have in a bundle."""
        task = Task(encoder, self.training, self.labels, self.seed, self.validation, teachers, self.extras)
        model = self.recipe.train(task)
        encoder.round(model)
        return model

    def key(self, encoder: TrainingEncoder, teachers: Teachers) -> str:
        """Equal for equal models, unless the code changes."""
        rows = [
            (part.texts, part.coarse.tolist(), part.fine.tolist()) if part else None
            for part in (self.training, self.validation)
        ]
        recipe = (self.recipe.name, asdict(self.recipe))
        labels = (self.labels.coarse, self.labels.fine)
        texts = (teachers.questions, teachers.english, self.extras)
        everything = (recipe, rows, labels, self.seed, encoder.identity, teachers.identity, texts, versions())
        return hashlib.sha256(repr(everything).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Runs:
    """Trains runs, `jobs` at once, with `threads` CPU threads each.

    The folder `cache` keeps trained models, so that interrupted work can continue.
    """

    encoder: TrainingEncoder
    teachers: Teachers = field(default_factory=lambda: Teachers(()))
    jobs: int = 1
    threads: int = 1
    cache: Path | None = None

    def models(self, runs: Sequence[Run]) -> list[Any]:
        """The trained models, in the order of `runs`."""
        with self._folder() as folder:
            paths = [folder / f"run-{run.key(self.encoder, self.teachers)}.keras" for run in runs]
            planned = {path: run for run, path in zip(runs, paths, strict=True)}  # Equal runs are trained once.
            missing = [(run, path) for path, run in planned.items() if not path.is_file()]
            for path in set(planned) - {path for _, path in missing}:
                path.touch()  # Another command removes what nobody used for long: see `kept_files`.
            progress = ModelsProgress({run.name: len(run.training) for run, _ in missing})
            if self.jobs == 1 or len(missing) == 1:
                for run, path in missing:
                    _save(run.train(self.encoder, self.teachers), path)
                    progress.finished(run.name)
            else:
                self._train_in_processes(missing, folder, progress)
            return [keras.models.load_model(path, compile=False) for path in paths]

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        if self.cache:
            self.cache.mkdir(parents=True, exist_ok=True)
            yield self.cache
        else:
            with tempfile.TemporaryDirectory() as folder:
                yield Path(folder)

    def _train_in_processes(self, missing: Sequence[tuple[Run, Path]], folder: Path, progress: ModelsProgress) -> None:
        # Not "fork": TensorFlow's threads do not survive it.
        context = multiprocessing.get_context("spawn")
        remaining = [*missing]
        running: list[multiprocessing.context.SpawnProcess] = []
        # The processes share the answers of the teachers.
        teachers = replace(self.teachers, cache=self.teachers.cache or folder)
        try:
            while remaining or running:
                while remaining and len(running) < self.jobs:
                    run, path = remaining.pop(0)
                    options = (run, path, self.encoder.name, teachers, folder, self.threads)
                    process = context.Process(target=_train_in_child, args=options, name=run.name)
                    process.start()
                    running.append(process)
                multiprocessing.connection.wait([process.sentinel for process in running])
                # The list is made once, because further processes may end meanwhile.
                for process in [process for process in running if process.exitcode is not None]:
                    running.remove(process)
                    if process.exitcode:
                        raise BundleError(f"{process.name}: training failed (exit code {process.exitcode}), see above")
                    progress.finished(process.name)
        finally:
            for process in running:
                process.terminate()
                process.join()


def prepare_tensorflow(threads: int) -> None:
    """Makes TensorFlow deterministic and sets its number of threads; call it before TensorFlow computes anything."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()


def _train_in_child(run: Run, path: Path, encoder: str, teachers: Teachers, cache: Path, threads: int) -> None:
    prepare_tensorflow(threads)
    _save(run.train(load_encoder(encoder, cache, threads), teachers), path)


def _save(model: Any, path: Path) -> None:
    with unfinished_file(path) as unfinished:  # Another process may train or read the same model.
        model.save(unfinished)
