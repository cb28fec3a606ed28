"""A text's confidences do not depend on the other texts of its batch, on their number or on their order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from questiontopic_model.bundle import read_bundle
from questiontopic_model.loading import load_topic_model
from questiontopic_model.topic_model import TopicModel

BUNDLE = Path(__file__).resolve().parents[3] / "models" / "usem3"
TOLERANCE = 1e-5

letters = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=60)
words = st.lists(
    st.sampled_from(
        ["who", "what", "is", "the", "capital", "of", "您的", "工资", "NASA", "1912", "?", "😀", "für", "où"]
    ),
    min_size=1,
    max_size=40,
)
texts = st.one_of(letters, words.map(" ".join))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> TopicModel:
    return load_topic_model(read_bundle(BUNDLE), "onnxruntime", tmp_path_factory.mktemp("cache"), 1)


@settings(deadline=None, max_examples=200)
@given(text=texts, neighbours=st.lists(texts, max_size=20), place=st.integers(0, 20))
def test_a_text_gets_the_same_confidences_alone_and_among_others(
    model: TopicModel, text: str, neighbours: list[str], place: int
) -> None:
    place = min(place, len(neighbours))
    alone = model.predict([text])
    together = model.predict([*neighbours[:place], text, *neighbours[place:]])
    assert together.fine is not None
    assert alone.fine is not None
    np.testing.assert_allclose(together.fine[place], alone.fine[0], atol=TOLERANCE)
    np.testing.assert_allclose(together.coarse[place], alone.coarse[0], atol=TOLERANCE)
    assert together.truncated[place] == alone.truncated[0]


@settings(deadline=None, max_examples=50)
@given(st.lists(texts, min_size=1, max_size=20))
def test_confidences_are_probabilities_and_coarse_ones_are_sums_of_fine_ones(
    model: TopicModel, batch: list[str]
) -> None:
    answer = model.predict(batch)
    assert answer.fine is not None
    for rows in (answer.coarse, answer.fine):
        assert rows.min() >= 0
        np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-5)
    for column, coarse in enumerate(model.manifest.coarse_labels):
        below = [label.coarse == coarse for label in model.manifest.fine_labels]
        np.testing.assert_allclose(answer.coarse[:, column], answer.fine[:, below].sum(axis=1), atol=1e-6)


def test_threads_that_compute_side_by_side_get_the_same_answers(model: TopicModel) -> None:
    batches = [[f"Who wrote book {number} of {other}?" for other in range(number % 40 + 1)] for number in range(200)]
    alone = [model.predict(batch).coarse for batch in batches]
    with ThreadPoolExecutor(4) as threads:
        for expected, found in zip(alone, threads.map(model.predict, batches), strict=True):
            np.testing.assert_allclose(found.coarse, expected, atol=TOLERANCE)
