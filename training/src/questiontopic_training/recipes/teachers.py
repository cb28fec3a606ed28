"""Teachers: MiniLMs that are fine-tuned on the labelled questions and then label the unlabelled questions.

They are slower and more accurate than the model that learns from them (Hinton et al. 2015, arXiv:1503.02531). All start
with the same head. So the average of their weights is one model, as accurate as the average of their answers, and
labelling takes one pass instead of one for each teacher (Wortsman et al. 2022, arXiv:2203.05482).
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from questiontopic_model.calibration import softmax
from questiontopic_model.encoders.minilm import DIMENSION, MiniLMEncoder, installed_spec, load_minilm
from questiontopic_model.runtimes.graph import Floats
from questiontopic_model.runtimes.keras_graph import KerasGraph

from ..augmentation.surface_forms import draw_forms, trec
from ..augmentation.templates import Templates
from ..data.examples import Examples, Labels
from ..encoders.heads import linear_head, with_head
from ..encoders.minilm_keras import build_minilm
from ..evaluation.metrics import compute_logits
from .batches import batches_by_length
from .trainer import Batch, Optimisation, fit


@dataclass(frozen=True)
class Teacher:
    """Hyper-parameters of one fine-tuned MiniLM; `dropout` is for the encoder's layers and the head's input."""

    epochs: int = 3
    batch_size: int = 32
    dropout: float = 0.1
    optimisation: Optimisation = Optimisation(body_rate=1e-4, head_rate=1e-3, ema_momentum=0.99)
    forms: Mapping[str, float] = field(default_factory=lambda: {"trec": 0.55, "plain": 0.1, "hasty": 0.35})
    made: int = 1500  # Per epoch: English questions from `templates`.

    def train(self, encoder: MiniLMEncoder, training: Examples, labels: Labels, templates: Templates, seed: int) -> Any:
        """Trains a graph that turns the encoder's outputs into logits of the fine labels."""
        model, head = teacher_graph(len(labels.fine), self.dropout)
        random = np.random.default_rng(seed)
        rows = len(training) + (self.made if templates.english else 0)
        steps = self.epochs * -(-rows // self.batch_size)
        fit(
            model,
            head,
            self._batches(encoder, training, labels, templates, random),
            steps,
            labels.matrix,
            self.optimisation,
        )
        return model

    def _batches(
        self,
        encoder: MiniLMEncoder,
        training: Examples,
        labels: Labels,
        templates: Templates,
        random: np.random.Generator,
    ) -> Iterator[Batch]:
        targets, names = np.eye(len(labels.fine), dtype=np.float32), [label.name for label in labels.fine]
        for _ in range(self.epochs):
            made = templates.draw(0, 0, self.made, random)
            texts = draw_forms([*training.texts, *(text for _, text in made)], self.forms, random)
            fine = [*training.fine.tolist(), *(names.index(template.fine) for template, _ in made)]
            lengths = np.array([len(text) for text in texts])
            for rows in batches_by_length(lengths, self.batch_size, random):
                yield encoder.encode([texts[row] for row in rows]).inputs, targets[[fine[row] for row in rows]]


@dataclass
class Teachers:
    """Teachers for the unlabelled `questions`, and for the `english` texts of translations.

    The folder `cache` keeps their answers, so they are trained once.
    """

    questions: tuple[str, ...]
    cache: Path | None = None
    english: tuple[str, ...] = ()
    _known: dict[str, Floats] = field(default_factory=dict)

    def probabilities(
        self, teacher: Teacher, number: int, training: Examples, labels: Labels, templates: Templates
    ) -> Floats:
        """The answers of `number` teachers on average: probabilities of the fine labels, [questions, labels].

        Those for the English texts are after those for the questions.
        """
        key = self._key(teacher, number, training, labels)
        if key not in self._known:
            with self._kept(key) as path:
                if not path.is_file():
                    unfinished = path.with_name(f"unfinished-{path.name}")
                    np.save(unfinished, self._label(teacher, number, training, labels, templates).astype(np.float16))
                    unfinished.replace(path)
                self._known[key] = np.load(path, allow_pickle=False).astype(np.float32)
        return self._known[key]

    @contextmanager
    def _kept(self, key: str) -> Iterator[Path]:
        """The path of the file of answers. One process at a time writes it; the others wait and read it."""
        if self.cache:
            self.cache.mkdir(parents=True, exist_ok=True)
            with (self.cache / f"teachers-{key}.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield self.cache / f"teachers-{key}.npy"
        else:
            with tempfile.TemporaryDirectory() as folder:
                yield Path(folder) / f"teachers-{key}.npy"

    def _label(self, teacher: Teacher, number: int, training: Examples, labels: Labels, templates: Templates) -> Floats:
        encoder = load_minilm(installed_spec(""))
        models = [teacher.train(encoder, training, labels, templates, seed) for seed in range(number)]
        graph = average(models)
        texts = [trec(question) for question in (*self.questions, *self.english)]
        order = np.argsort([len(text) for text in texts], kind="stable")  # Texts of similar length need little padding.
        found = np.empty((len(texts), len(labels.fine)), np.float32)
        found[order] = softmax(compute_logits(encoder, KerasGraph(graph), [texts[row] for row in order]))
        return found

    def _key(self, teacher: Teacher, number: int, training: Examples, labels: Labels) -> str:
        rows = [*zip(training.texts, training.fine.tolist(), strict=True)]
        names, encoder = (labels.coarse, labels.fine), installed_spec("")
        everything = (
            asdict(teacher),
            number,
            rows,
            names,
            self.questions,
            self.english,
            encoder,
            importlib.metadata.version("tensorflow"),
        )
        return hashlib.sha256(repr(everything).encode()).hexdigest()[:16]


def teacher_graph(outputs: int, dropout: float) -> tuple[Any, Any]:
    """The published layers with a linear head that is the same for all teachers; and this head."""
    keras.utils.set_random_seed(0)
    body, head = build_minilm(dropout), linear_head(DIMENSION, outputs, dropout)
    return with_head(body, head), head


def average(models: Sequence[Any]) -> Any:
    """The first model with the mean of the weights of all models."""
    first, *_ = models
    first.set_weights([np.mean(same, axis=0) for same in zip(*(model.get_weights() for model in models), strict=True)])
    return first
