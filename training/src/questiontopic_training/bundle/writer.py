"""Writes a bundle: into a temporary folder first, where it is loaded and checked; then it is moved to its place."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from questiontopic_model.bundle import BundleError, Golden, Manifest, read_bundle
from questiontopic_model.bundle.bundle import MANIFEST, sha256_of
from questiontopic_model.encoders.encoder import Encoder
from questiontopic_model.loading import load_topic_model
from questiontopic_model.runtimes.graph import Floats, Graph
from questiontopic_model.topic_model import TopicModel

from . import CARD
from .model_card import model_card

# The texts of a bundle's self-check: our own, on several topics and on none, in several languages and spellings.
GOLDEN_TEXTS = (
    "What does the abbreviation CPU stand for?",
    "Why do leaves change colour in autumn?",
    "Which instrument has black and white keys ?",
    "who painted the ceiling of that chapel",
    "¿Dónde está la biblioteca?",
    "What is your salary?",
    "Wie viele Monde hat der Jupiter?",
    "这座桥是什么时候建成的？",
    "Turn the radio off, please.",
)
_TOLERANCE = 1e-4  # The largest difference of confidences between two forms of a model.


class ParityError(BundleError):
    """Two forms of a bundle's model give different answers."""


@dataclass(frozen=True)
class Content:
    """A model to write. `encoder` and `graph`, with rounded weights, give the reference answers.

    `save` writes the model's files into a folder and returns the file that each runtime loads.
    """

    encoder: Encoder
    graph: Graph
    save: Callable[[Path], dict[str, str]]


def check_place(folder: Path) -> None:
    """Raises the errors of `write_bundle` that concern its folder, before there is anything to write."""
    with _scratch_beside(folder):
        pass


@contextmanager
def _scratch_beside(folder: Path) -> Iterator[Path]:
    """A temporary folder beside `folder`; raises BundleError unless `folder` is missing, empty or an older bundle."""
    older = folder.is_dir() and ((folder / MANIFEST).is_file() or not any(folder.iterdir()))
    if folder.exists() and not older:
        raise BundleError(f"{folder}: not a bundle, so it is not replaced; choose another --output")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        yield Path(scratch)


def write_bundle(
    folder: Path, manifest: Manifest, content: Content, cache: Path | None, parity_texts: Sequence[str]
) -> Manifest:
    """Writes the bundle and returns its manifest, completed with runtimes, files, golden texts and digest.

    All forms of the model must give the texts `parity_texts` the same top labels, and the same confidences up to 1e-4.
    An older bundle in `folder` is replaced; after an error it is unchanged. Raises ParityError, BundleError or OSError.
    """
    with _scratch_beside(folder) as scratch:
        made = scratch / "bundle"
        made.mkdir()
        manifest = replace(manifest, runtimes=content.save(made))
        reference = TopicModel(manifest, "tensorflow", content.encoder, content.graph)
        manifest = replace(manifest, golden=_golden(reference))
        (made / CARD).write_text(model_card(manifest), encoding="utf-8")
        paths = sorted(path for path in made.rglob("*") if path.is_file())
        files = {path.relative_to(made).as_posix(): sha256_of(path) for path in paths}
        manifest = replace(manifest, files=files).sealed()
        values = json.dumps(manifest.to_json(), indent=2, ensure_ascii=False)
        (made / MANIFEST).write_text(values + "\n", encoding="utf-8")
        _check_forms(made, cache, [*GOLDEN_TEXTS, *parity_texts])
        if folder.exists():
            folder.rename(scratch / "replaced")
        shutil.move(made, folder)
    return manifest


def _golden(model: TopicModel) -> tuple[Golden, ...]:
    manifest = model.manifest
    found = model.predict(GOLDEN_TEXTS)
    fine_names = [label.name for label in manifest.fine_labels]

    def confidences(names: Sequence[str], row: Any) -> dict[str, float]:
        return {name: round(value, 6) for name, value in zip(names, row.tolist(), strict=True)}

    return tuple(
        Golden(
            text,
            confidences(manifest.coarse_labels, found.coarse[row]),
            confidences(fine_names, found.fine[row]) if found.fine is not None else {},
            round(float(found.none_of_these[row]), 6) if found.none_of_these is not None else None,
        )
        for row, text in enumerate(GOLDEN_TEXTS)
    )


def _check_forms(folder: Path, cache: Path | None, texts: Sequence[str]) -> None:
    bundle = read_bundle(folder)
    answers: dict[str, Floats] = {}
    scores: dict[str, Floats] = {}
    for runtime in bundle.manifest.runtimes:
        model = load_topic_model(bundle, runtime, cache, threads=1)
        model.check_golden()
        parts = [model.predict(texts[start : start + 64]) for start in range(0, len(texts), 64)]
        answers[runtime] = np.concatenate([part.coarse if part.fine is None else part.fine for part in parts])
        none = [part.none_of_these for part in parts if part.none_of_these is not None]
        scores[runtime] = np.concatenate([np.zeros(0, np.float32), *none])
    expected = answers["tensorflow"]
    for runtime, found in answers.items():
        difference = float(np.abs(found - expected).max())
        chosen = np.take_along_axis(expected, found.argmax(axis=1, keepdims=True), axis=1)[:, 0]
        # Of several equally likely labels, each is a right top label.
        wrong = int((expected.max(axis=1) - chosen > _TOLERANCE).sum())
        difference = max([difference, *np.abs(scores[runtime] - scores["tensorflow"]).tolist()])
        if wrong or not difference <= _TOLERANCE:
            raise ParityError(f"{runtime} differs from tensorflow by {difference:.2g}, with {wrong} other top labels")
