"""A bundle's model as a plain function, for programs that need no server: `questiontopic.Labeller` takes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import repeat
from pathlib import Path

from .bundle.bundle import read_bundle
from .loading import load_topic_model

Confidences = tuple[dict[str, float], dict[str, float], bool, float | None]
"""The answer for one text: the confidence of each coarse label, of each fine label if there are any, truncated, and the
score that it belongs to none of the labels; None if the model has no such score."""


def load_predict(
    folder: str | Path, *, runtime: str = "auto", cache: Path | None = None, threads: int = 1
) -> Callable[[Sequence[str]], list[Confidences]]:
    """A function that gives an answer for each text, in order, with the model of the bundle in this folder.

    Raises BundleError. The other arguments are those of `load_topic_model`. The function needs at least one text.
    """
    model = load_topic_model(read_bundle(Path(folder)), runtime, cache, threads)
    coarse = model.manifest.coarse_labels
    fine = [label.name for label in model.manifest.fine_labels]

    def predict(texts: Sequence[str]) -> list[Confidences]:
        found = model.predict(texts)
        fine_rows = repeat([]) if found.fine is None else found.fine.tolist()
        scores = repeat(None) if found.none_of_these is None else found.none_of_these.tolist()
        return [
            (dict(zip(coarse, coarse_row, strict=True)), dict(zip(fine, fine_row, strict=True)), truncated, score)
            for coarse_row, fine_row, truncated, score in zip(
                found.coarse.tolist(), fine_rows, found.truncated, scores, strict=False
            )
        ]

    return predict
