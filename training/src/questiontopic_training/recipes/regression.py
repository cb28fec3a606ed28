"""The recipe `regression`: logistic regression on the vectors of a frozen encoder.

It takes seconds and no recipe should be worse, so it is tried beside the others. With the vectors of two encoders side
by side it is also the teacher of texts without labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from sklearn.linear_model import LogisticRegression

from questiontopic_model.calibration import softmax
from questiontopic_model.runtimes.graph import Floats

from ..data.examples import Examples, Ints
from ..encoders.heads import fixed_head
from ..encoders.training_encoder import TrainingEncoder, load_encoder
from .recipe import Recipe, Task

_WEAKNESS = 30.0  # Of the regularisation. For ten rows a label and for a hundred, 10 and 100 are as good.
_TOLERANCE = 1e-6  # Of the gradient, which is about 1 / labels at the start: 1e-3 ends at once with 150 labels.
_SHARPNESS = 2.0  # A factor of the teacher's logits: with ten rows a label, regression is right more often than sure.


@dataclass(frozen=True)
class Regression(Recipe):
    """Hyper-parameters; `iterations` is the largest number."""

    name: ClassVar[str] = "regression"
    preparation: ClassVar[str] = "unshouted"
    own_texts: ClassVar[tuple[str, ...]] = ("--out-of-scope",)  # They calibrate the score of none-of-these.

    iterations: int = 200
    balance: float = 0.0  # See `Examples.weights`.

    def train(self, task: Task) -> Any:
        """The frozen encoder with the fitted head; ignores validation rows, teachers and the seed."""
        kernel, bias = self.fitted(task.encoder, task.training, len(task.labels.fine))
        # One more output, always 0: the labels' logits alone tell which texts belong to none of the labels.
        return task.encoder.graph(fixed_head(np.pad(kernel, ((0, 0), (0, 1))), np.pad(bias, (0, 1))))

    def fitted(self, encoder: TrainingEncoder, training: Examples, labels: int) -> tuple[Floats, Floats]:
        """The weights [numbers of a vector, labels] and [labels] that make logits of vectors."""
        vectors = encoder.features(training.texts)[:]
        return _fitted(vectors, training.fine, labels, training.weights(self.balance), self.iterations)


def taught(encoder: TrainingEncoder, task: Task) -> Floats:
    """A teacher's probabilities of the fine labels for the unlabelled texts, [texts, labels].

    Raises BundleError if the package of MiniLM is not installed.
    """
    encoders = (encoder, load_encoder("minilm", task.teachers.cache, threads=1))
    rows, texts = task.training, task.teachers.questions
    known, asked = (np.hstack([_unit(one.features(of)[:]) for one in encoders]) for of in (rows.texts, texts))
    kernel, bias = _fitted(known, rows.fine, len(task.labels.fine), rows.weights(0.0), Regression.iterations)
    return softmax(np.float32(_SHARPNESS) * (asked @ kernel + bias))


def _unit(vectors: Floats) -> Floats:
    normalised: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return normalised


def _fitted(vectors: Floats, fine: Ints, labels: int, weights: Floats, iterations: int) -> tuple[Floats, Floats]:
    """The weights of a regression; a label without rows is never chosen.

    It is fitted to vectors of about length 1, so that the regularisation means the same for every encoder.
    """
    length = np.float32(np.linalg.norm(vectors, axis=1).mean())
    model = LogisticRegression(C=_WEAKNESS, max_iter=iterations, tol=_TOLERANCE).fit(vectors / length, fine, weights)
    kernel, bias = np.zeros((vectors.shape[1], labels), np.float32), np.full(labels, -1e3, np.float32)
    if len(model.classes_) == 2:  # scikit-learn has one row of weights then, for the second label.
        kernel[:, model.classes_[1]], bias[model.classes_] = model.coef_[0], (0.0, model.intercept_[0])
    else:
        kernel[:, model.classes_], bias[model.classes_] = model.coef_.T, model.intercept_
    return kernel / length, bias
