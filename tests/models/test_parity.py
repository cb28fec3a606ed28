"""A committed bundle's two runtimes agree: TensorFlow hosts the `.keras` model, ONNX Runtime its compiled form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from questions import trec_test, unlabelled_questions
from server_process import ROOT

from questiontopic_model.bundle import read_bundle
from questiontopic_model.loading import load_topic_model
from questiontopic_model.topic_model import TopicModel

TOLERANCE = 1e-4


@dataclass(frozen=True)
class Runtimes:
    """One bundle, in both."""

    tensorflow: TopicModel
    onnx: TopicModel


@pytest.fixture(scope="module")
def runtimes(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Runtimes:
    read, cache = read_bundle(bundle), tmp_path_factory.mktemp("cache")
    return Runtimes(load_topic_model(read, "tensorflow", cache, 1), load_topic_model(read, "onnxruntime", cache, 1))


@pytest.mark.parametrize("batch", [1, 64])
def test_same_top_labels_and_confidences_on_five_hundred_questions(runtimes: Runtimes, batch: int) -> None:
    texts = [text for _, text in trec_test()] or unlabelled_questions(500)
    assert len(texts) == 500
    for start in range(0, len(texts), batch):
        asked = texts[start : start + batch]
        expected, found = runtimes.tensorflow.predict(asked), runtimes.onnx.predict(asked)
        for level in ("coarse", "fine"):
            wanted, got = getattr(expected, level), getattr(found, level)
            np.testing.assert_allclose(got, wanted, atol=TOLERANCE)
            np.testing.assert_array_equal(got.argmax(axis=1), wanted.argmax(axis=1))


def test_golden_texts_hold_on_both(runtimes: Runtimes) -> None:
    runtimes.tensorflow.check_golden()
    runtimes.onnx.check_golden()


def test_the_bundles_are_small_enough_to_commit() -> None:
    assert sum(file.stat().st_size for file in (ROOT / "models").rglob("*") if file.is_file()) < 25_000_000
