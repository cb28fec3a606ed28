"""What is measured beyond labelled rows: translations, our own typed questions, and texts that belong to no label."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from questiontopic_model.bundle.manifest import NoneOfThese
from questiontopic_model.calibration import Calibration, softmax
from questiontopic_model.none_of_these import scores
from questiontopic_model.runtimes.graph import Floats

from ..augmentation.none_of_these import draw_none
from ..augmentation.templates import none_templates
from ..data.examples import Ints, Labels
from ..data.extras import Extras
from ..data.questions import Question
from ..evaluation.metrics import calibration_error, chance_calibration_error, evaluate_logits
from ..evaluation.none_of_these import fit_none_of_these, separation
from ..evaluation.translations import agreement
from ..evaluation.typed import CHOOSE, REPORT, read_not_questions, read_typed_questions

_MADE, _SEED = 500, 1

ComputeOutputs = Callable[[Sequence[str]], Floats]  # From texts as users write them to outputs [texts, outputs].


@dataclass(frozen=True)
class Beyond:
    """Measures models whose outputs are the logits of `labels` and perhaps, as the last one, "none of these".

    `held_out` are extras that the measured model was not trained on; `unlike` are texts that belong to none of the
    labels, for the final models.
    """

    labels: Labels
    held_out: Extras
    unlike: tuple[str, ...]

    def calibration(self, measured: ComputeOutputs, held_out: Floats) -> NoneOfThese | None:
        """The calibration of "none of these", if the models have it.

        `held_out` are outputs for held-out rows. Without held-out texts that belong to no label, texts from templates
        stand for them.
        """
        if held_out.shape[1] == len(self.labels.fine):
            return None
        labelled = held_out
        if typed := self._typed(CHOOSE):
            labelled = np.concatenate([labelled, measured([question.text for question in typed])])
        # Asked apart, because `held_out_tables` needs the answers to the first part again.
        parts = [self.held_out.others, [text for _, text in self._not_questions(CHOOSE)]]
        if not any(parts):
            parts = [draw_none((), none_templates(), _MADE, np.random.default_rng(_SEED))]
        return fit_none_of_these(labelled, np.concatenate([measured(part) for part in parts if part]))

    def held_out_tables(
        self, measured: ComputeOutputs, held_out: Floats, none_of_these: NoneOfThese | None
    ) -> dict[str, Any]:
        """The manifest's tables about the model that was not trained on the held-out rows and extras."""
        tables: dict[str, Any] = {}
        if found := agreement(lambda texts: self._topics(measured(texts)), self.held_out.translations):
            tables["translations"] = found
        if none_of_these and self.held_out.others:
            others = scores(measured(self.held_out.others), none_of_these)
            tables["none_of_these"] = {"held out": separation(scores(held_out, none_of_these), others)}
        return tables

    def final_tables(
        self,
        finals: Sequence[ComputeOutputs],
        test: Sequence[Question],
        calibration: Calibration,
        none_of_these: NoneOfThese | None,
    ) -> dict[str, Any]:
        """The manifest's tables about the final models: means over all of them."""
        tables: dict[str, Any] = {}
        typed = self._typed(REPORT)
        if typed:
            tables["typed"] = _mean([self._quality(final, typed, calibration) for final in finals])
        if none_of_these and (typed or self.unlike):
            tables["none_of_these"] = self._separations(finals, test, typed, none_of_these)
        return tables

    def _separations(
        self,
        finals: Sequence[ComputeOutputs],
        test: Sequence[Question],
        typed: Sequence[Question],
        calibration: NoneOfThese,
    ) -> dict[str, Any]:
        pairs = {
            "test questions, unlike texts": (test, self.unlike),
            "typed questions, own texts": (typed, [text for _, text in self._not_questions(REPORT)]),
        }
        return {
            name: _mean(
                [
                    separation(
                        scores(final([question.text for question in questions]), calibration),
                        scores(final(texts), calibration),
                    )
                    for final in finals
                ]
            )
            for name, (questions, texts) in pairs.items()
            if questions and texts
        }

    def _typed(self, half: str) -> list[Question]:
        """Our own questions; none for labels other than TREC's."""
        questions = read_typed_questions(half)
        known = {label.name for label in self.labels.fine}
        return questions if {question.fine for question in questions} <= known else []

    def _not_questions(self, half: str) -> list[tuple[str, str]]:
        return read_not_questions(half) if self._typed(half) else []

    def _quality(self, final: ComputeOutputs, typed: Sequence[Question], calibration: Calibration) -> dict[str, float]:
        outputs, truth = final([question.text for question in typed]), self.labels.examples(typed)
        found = evaluate_logits(outputs[:, : len(self.labels.fine)], truth, self.labels, True, calibration)
        values: dict[str, float] = {"questions": len(typed)} | found.accuracy()
        for level, probabilities, right in found.levels():
            values[f"{level}_calibration_error"] = calibration_error(probabilities, right)
            values[f"{level}_chance_calibration_error"] = chance_calibration_error(probabilities)
        return values

    def _topics(self, outputs: Floats) -> Ints:
        """The numbers of the top coarse labels."""
        probabilities = softmax(outputs[:, : len(self.labels.fine)])
        topics: Ints = (probabilities @ self.labels.matrix).argmax(axis=1)
        return topics


def _mean(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: round(float(np.mean([row[name] for row in rows])), 6) for name in rows[0]}
