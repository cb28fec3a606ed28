"""The two runtimes of the default bundle agree: TensorFlow hosts the `.keras` model, ONNX Runtime its compiled form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from questions import trec_test, unlabelled_questions
from server_process import DEFAULT_BUNDLE

from questiontopic_server.model import TopicModel, load_topic_model, read_bundle

TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> TopicModel:
    return load_topic_model(read_bundle(DEFAULT_BUNDLE), "tensorflow", tmp_path_factory.mktemp("cache"), 1)


@pytest.mark.parametrize("batch", [1, 64])
def test_same_top_labels_and_confidences_on_five_hundred_questions(
    model: TopicModel, reference: TopicModel, batch: int
) -> None:
    texts = [text for _, text in trec_test()] or unlabelled_questions(500)
    assert len(texts) == 500
    for start in range(0, len(texts), batch):
        expected, found = (each.predict(texts[start : start + batch]) for each in (reference, model))
        for level in ("coarse", "fine"):
            wanted, got = getattr(expected, level), getattr(found, level)
            np.testing.assert_allclose(got, wanted, atol=TOLERANCE)
            np.testing.assert_array_equal(got.argmax(axis=1), wanted.argmax(axis=1))


def test_golden_texts_hold_on_both(model: TopicModel, reference: TopicModel) -> None:
    model.check_golden()
    reference.check_golden()


def test_the_forms_are_small_enough_to_commit() -> None:
    assert sum(file.stat().st_size for file in Path(DEFAULT_BUNDLE).iterdir()) < 15_000_000
