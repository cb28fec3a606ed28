"""Answers: one text's confidences as the service sends them, read from the rows that the model packs."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """Confidences in the manifest's order of labels; `fine` is empty if the model has no fine labels."""

    coarse: Sequence[float]
    fine: Sequence[float]
    truncated: bool


def unpack(rows: bytes, coarse: int, fine: int) -> list[Answer]:
    """The answers in `model.topic_model.Probabilities.packed`, whose levels have so many labels."""
    numbers = array("f", rows).tolist()
    width = coarse + fine + 1
    return [
        Answer(row[:coarse], row[coarse:-1], row[-1] > 0)
        for row in (numbers[start : start + width] for start in range(0, len(numbers), width))
    ]
