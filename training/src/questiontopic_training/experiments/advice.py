"""What to do next about a model of your own labels: compared with logistic regression, and by what it confuses.

Everything is measured on held-out rows. Logistic regression on the frozen encoder's vectors takes seconds, so it also
tells what more rows would bring: it is fitted to half of the rows, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from questiontopic_model.runtimes.graph import Floats

from ..data.examples import Examples, Ints, concatenate
from ..data.questions import DataError
from ..encoders.training_encoder import TrainingEncoder
from ..recipes.regression import Regression
from .experiment import HELD_OUT_SHARE, MEASURING_SEED
from .outcome import Outcome

_SHOWN = 5
_FEW_ROWS = 10
_MAX_ROWS = 5000  # With more rows, one fold is enough to compare with, and fitting on all folds would take minutes.


@dataclass(frozen=True)
class Advice:
    """`truth` and `found`: right and found labels of the held-out rows `texts`; `rows`: training rows of each label.

    `model`, `regression` and `regression_at_half`: accuracy on the `compared` held-out rows of the model, of logistic
    regression, and of logistic regression on half of the training rows (None if a label has too few).
    """

    names: Sequence[str]
    texts: Sequence[str]
    truth: Ints
    found: Ints
    rows: Ints
    compared: int
    model: float
    regression: float
    regression_at_half: float | None

    @property
    def regression_is_better(self) -> bool:
        """Whether the bundle should rather have logistic regression."""
        return self.regression > self.model

    def metrics(self) -> dict[str, float]:
        """The comparison, for the manifest."""
        return {
            "comparison_questions": self.compared,
            "comparison_accuracy": self.model,
            "comparison_regression_accuracy": self.regression,
        }

    def comparison(self) -> str:
        """The line that compares the model with logistic regression."""
        return (
            f"logistic regression on the frozen encoder: {self.regression:.1%}, this model: {self.model:.1%} "
            f"(of {self.compared} held-out rows)"
        )

    def lines(self) -> list[str]:
        """The summary: confused labels, labels with too few rows, and what more rows would bring."""
        return ["What to do next:", *self._confused(), *self._few(), *self._more()]

    def _confused(self) -> list[str]:
        wrong = np.flatnonzero(self.truth != self.found).tolist()
        pairs = Counter((int(self.truth[row]), int(self.found[row])) for row in wrong)
        if not wrong:
            return [f"  Labels: none of the {len(self.truth)} held-out rows was taken for another label."]
        lines = [f"  Labels that are confused most, of {len(self.truth)} held-out rows; tell them apart by more rows:"]
        for (truth, found), count in pairs.most_common(_SHOWN):
            example = next(self.texts[row] for row in wrong if (self.truth[row], self.found[row]) == (truth, found))
            lines.append(
                f"    {count} x {self.names[truth]} was taken for {self.names[found]}, for example: {example[:80]!r}"
            )
        return lines

    def _few(self) -> list[str]:
        asked = np.bincount(self.truth, minlength=len(self.names))
        right = np.bincount(self.truth[self.truth == self.found], minlength=len(self.names))
        recall = right / np.maximum(asked, 1)
        few = [label for label in np.lexsort((recall, self.rows)) if self.rows[label] < _FEW_ROWS]
        weak = sorted((label for label in range(len(recall)) if asked[label]), key=lambda label: recall[label])
        lines = []
        if few:
            named = ", ".join(f"{self.names[label]} ({self.rows[label]})" for label in few[:_SHOWN])
            lines.append(f"  {len(few)} labels have fewer than {_FEW_ROWS} rows: {named}{', …' * (len(few) > _SHOWN)}")
        named = ", ".join(
            f"{self.names[label]} ({recall[label]:.0%} of {asked[label]}; {self.rows[label]} rows)"
            for label in weak[:_SHOWN]
            if recall[label] < 1
        )
        return [*lines, *([f"  Labels that are found least often: {named}"] if named else [])]

    def _more(self) -> list[str]:
        if self.regression_at_half is None or self.regression_at_half >= self.regression:
            return []
        remaining = (1 - self.regression) / (1 - self.regression_at_half)
        gain = (1 - self.model) * (1 - remaining)
        return [
            f"  Twice as many rows would bring about {100 * gain:.1f} points. This is an estimate: from half of the "
            f"rows to all of them, logistic regression gets from {self.regression_at_half:.1%} to "
            f"{self.regression:.1%}, and the share of errors is taken to fall as much again."
        ]


def advise(outcome: Outcome, training: Examples, encoder: TrainingEncoder, regression: Regression) -> Advice:
    """Compares an outcome with `regression` on the same rows; `training` has all training rows, prepared."""
    labels = outcome.labels
    names = [label.name for label in labels.fine] if outcome.fine else list(labels.coarse)
    held_out = [rows for _, rows in outcome.held_out]
    rows = concatenate(held_out)
    truth = rows.fine if outcome.fine else rows.coarse
    found = np.concatenate([logits.argmax(axis=1) for logits, _ in outcome.held_out])
    parts = _parts(training, held_out)
    if len(training) > _MAX_ROWS:
        parts = parts[:1]

    level = np.arange(len(labels.fine)) if outcome.fine else labels.matrix.argmax(axis=1)

    def right(halved: bool) -> Floats:
        """Whether regression is right about each row."""
        answers = []
        for kept, asked in parts:
            fitted = kept.split(0.5, MEASURING_SEED)[0] if halved else kept
            kernel, bias = regression.fitted(encoder, fitted, len(labels.fine))
            chosen = level[(encoder.features(asked.texts)[:] @ kernel + bias).argmax(axis=1)]
            answers.append(chosen == (asked.fine if outcome.fine else asked.coarse))
        return np.concatenate(answers)

    answers = right(halved=False)
    try:
        at_half = float(right(halved=True).mean())
    except DataError:  # A label has too few rows to be halved.
        at_half = None
    compared = len(answers)
    model = float((found == truth)[:compared].mean())
    counts = np.bincount(training.fine if outcome.fine else training.coarse, minlength=len(names))
    return Advice(names, rows.texts, truth, found, counts, compared, model, float(answers.mean()), at_half)


def _parts(training: Examples, held_out: Sequence[Examples]) -> list[tuple[Examples, Examples]]:
    """For each part of held-out rows, the rows that the measured model learned from."""
    if len(held_out) == 1:
        return [(training.split(HELD_OUT_SHARE, MEASURING_SEED)[0], held_out[0])]
    return [(concatenate([other for other in held_out if other is not rows]), rows) for rows in held_out]
