"""Teachers: MiniLMs that are fine-tuned on the labelled questions and then label the unlabelled questions.

They are slower and more accurate than the model that learns from them (Hinton et al. 2015, arXiv:1503.02531). All start
with the same weights. So the average of their weights is one model, as accurate as the average of their answers, and
labelling takes one pass instead of one for each of them (Wortsman et al. 2022, arXiv:2203.05482).
"""

from __future__ import annotations

import fcntl
import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from questiontopic_model.calibration import softmax
from questiontopic_model.encoders.minilm import MiniLMEncoder, installed_spec, load_minilm
from questiontopic_model.runtimes.graph import Floats
from questiontopic_model.runtimes.keras_graph import KerasGraph

from ..augmentation.surface_forms import SHARES, draw_forms, trec
from ..augmentation.templates import Templates
from ..augmentation.text_forms import draw_text_forms
from ..data.examples import Examples, Labels
from ..encoders.heads import prototype_head, with_head
from ..encoders.minilm_keras import build_minilm
from ..evaluation.metrics import compute_logits
from ..packages import versions
from ..unfinished_file import unfinished_file
from .batches import batches_by_length
from .trainer import Batch, Optimisation, fit


@dataclass(frozen=True)
class Teacher:
    """Hyper-parameters: `models` fine-tuned MiniLMs, whose weights are averaged.

    `epochs` are passes over the training rows, of at least `min_steps` steps for each model: with few rows there are
    more passes. `dropout` is for the encoder's layers and the head's input. `forms` are those of TREC's questions;
    texts with other labels have the forms of `text_forms`.
    """

    models: int = 3
    epochs: int = 3
    min_steps: int = 400
    batch_size: int = 32
    dropout: float = 0.1
    optimisation: Optimisation = Optimisation(body_rate=1e-4, head_rate=1e-3, ema_momentum=0.99)
    forms: Mapping[str, float] = field(default_factory=lambda: SHARES)
    made: int = 1500  # Per epoch: English questions from `templates`.

    def train(self, encoder: MiniLMEncoder, training: Examples, labels: Labels, templates: Templates, seed: int) -> Any:
        """Trains a graph that turns the encoder's outputs into logits of the fine labels."""
        vectors = compute_logits(encoder, KerasGraph(build_minilm()), training.texts)
        steps = -(-(len(training) + (self.made if templates.english else 0)) // self.batch_size)  # Of one epoch.
        epochs = max(self.epochs, -(-self.min_steps // steps))
        models = []
        for number in range(seed * self.models, (seed + 1) * self.models):
            keras.utils.set_random_seed(number)
            head = prototype_head(vectors, training.fine, len(labels.fine), self.dropout)
            model = with_head(build_minilm(self.dropout), head)
            batches = self._batches(encoder, training, labels, templates, epochs, np.random.default_rng(number))
            fit(model, head, batches, epochs * steps, labels.matrix, self.optimisation)
            models.append(model)
        first, *_ = models
        first.set_weights([np.mean(same, axis=0) for same in zip(*(one.get_weights() for one in models), strict=True)])
        return first

    def _batches(
        self,
        encoder: MiniLMEncoder,
        training: Examples,
        labels: Labels,
        templates: Templates,
        epochs: int,
        random: np.random.Generator,
    ) -> Iterator[Batch]:
        targets, names = np.eye(len(labels.fine), dtype=np.float32), [label.name for label in labels.fine]
        for _ in range(epochs):
            made = templates.draw(0, 0, self.made, random)
            clean = [*training.texts, *(text for _, text in made)]
            texts = draw_forms(clean, self.forms, random) if templates.english else draw_text_forms(clean, random)
            fine = [*training.fine.tolist(), *(names.index(template.fine) for template, _ in made)]
            lengths = np.array([len(text) for text in texts])
            for rows in batches_by_length(lengths, self.batch_size, random):
                yield encoder.encode([texts[row] for row in rows]).inputs, targets[[fine[row] for row in rows]]


@dataclass
class Teachers:
    """Labels the unlabelled `questions`, and the `english` texts of translations.

    The folder `cache` keeps trained models and their answers, so both are made once.
    """

    questions: tuple[str, ...]
    cache: Path | None = None
    english: tuple[str, ...] = ()
    _known: dict[str, Floats] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """Equal for equal published MiniLMs; empty without texts to label.

        Raises BundleError if MiniLM is needed and not installed.
        """
        return repr(installed_spec("")) if self.questions or self.english else ""

    def model(self, teacher: Teacher, training: Examples, labels: Labels, templates: Templates, seed: int) -> Any:
        """The trained model of a teacher: see `Teacher.train`."""
        with self._kept(f"teacher-{_key(teacher, training, labels, seed)}.keras") as path:
            if not path.is_file():
                model = teacher.train(load_minilm(installed_spec("")), training, labels, templates, seed)
                with unfinished_file(path) as unfinished:
                    model.save(unfinished)
            return keras.models.load_model(path, compile=False)

    def probabilities(self, teacher: Teacher, training: Examples, labels: Labels, templates: Templates) -> Floats:
        """The answers of the teacher with the seed 0: probabilities of the fine labels, [questions, labels].

        Those for the English texts are after those for the questions.
        """
        key = _key(teacher, training, labels, 0, self.questions, self.english)
        if key not in self._known:
            with self._kept(f"teachers-{key}.npy") as path:
                if not path.is_file():
                    model = self.model(teacher, training, labels, templates, 0)
                    with unfinished_file(path) as unfinished:
                        np.save(unfinished, self._answers(model).astype(np.float16))
                self._known[key] = np.load(path, allow_pickle=False).astype(np.float32)
        return self._known[key]

    @contextmanager
    def _kept(self, name: str) -> Iterator[Path]:
        """The path of a file to keep. One process at a time makes it; the others wait and read it."""
        if self.cache:
            self.cache.mkdir(parents=True, exist_ok=True)
            with (self.cache / f"{Path(name).stem}.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield self.cache / name
        else:
            with tempfile.TemporaryDirectory() as folder:
                yield Path(folder) / name

    def _answers(self, model: Any) -> Floats:
        texts = [trec(question) for question in (*self.questions, *self.english)]
        order = np.argsort([len(text) for text in texts], kind="stable")  # Texts of similar length need little padding.
        encoder = load_minilm(installed_spec(""))
        found = softmax(compute_logits(encoder, KerasGraph(model), [texts[row] for row in order]))
        return found[np.argsort(order)]


def _key(teacher: Teacher, training: Examples, labels: Labels, seed: int, *texts: tuple[str, ...]) -> str:
    rows = [*zip(training.texts, training.fine.tolist(), strict=True)]
    everything = (asdict(teacher), rows, labels.coarse, labels.fine, seed, installed_spec(""), versions(), texts)
    return hashlib.sha256(repr(everything).encode()).hexdigest()[:16]
