from pathlib import Path

import numpy as np
import pytest

from questiontopic_training.data.examples import Examples, Labels
from questiontopic_training.data.questions import Question
from questiontopic_training.encoders.embedding_cache import EmbeddingCache, Vectors
from questiontopic_training.encoders.training_encoder import TrainingEncoder, load_encoder
from questiontopic_training.recipes import regression
from questiontopic_training.recipes.recipe import Task
from questiontopic_training.recipes.regression import Regression, taught
from questiontopic_training.recipes.teachers import Teachers


@pytest.fixture(scope="module")
def encoder(hub_folder: Path) -> TrainingEncoder:
    return load_encoder(str(hub_folder), None, threads=1)


def examples(texts: list[str], fine: list[int]) -> Examples:
    return Examples(tuple(texts), np.array(fine), np.array(fine))


def labels(number: int) -> Labels:
    return Labels([Question(str(label), str(label), str(label)) for label in range(number)])


WORDS = ("parcel late", "refund money", "weather rain")


@pytest.mark.parametrize("number", [2, 3])
def test_the_graph_gives_the_answers_of_the_fitted_regression(encoder: TrainingEncoder, number: int) -> None:
    texts = [f"{WORDS[row % number]} {row}" for row in range(30)]
    rows = examples(texts, [row % number for row in range(30)])
    model = Regression().train(Task(encoder, rows, labels(number), 0))
    logits = np.asarray(model({"features": encoder.features(texts)[:]}))
    assert (logits.argmax(axis=1) == rows.fine).all()


def test_a_label_without_rows_is_never_chosen(encoder: TrainingEncoder) -> None:
    rows = examples([f"{WORDS[row % 2]} {row}" for row in range(20)], [2 * (row % 2) for row in range(20)])
    kernel, bias = Regression().fitted(encoder, rows, 3)
    found = (encoder.features([*rows.texts, *WORDS])[:] @ kernel + bias).argmax(axis=1)
    assert (found[:20] == rows.fine).all()
    assert 1 not in found


def test_longer_vectors_change_no_answer(encoder: TrainingEncoder) -> None:
    """An encoder with longer vectors would otherwise be regularised less."""

    class Longer:
        def features(self, texts: tuple[str, ...]) -> np.ndarray:
            found: np.ndarray = 50 * encoder.features(texts)[:]
            return found

    rows = examples([f"{WORDS[row % 3]} {row}" for row in range(30)], [row % 3 for row in range(30)])
    kernel, bias = Regression().fitted(encoder, rows, 3)
    of_longer, same_bias = Regression().fitted(Longer(), rows, 3)  # type: ignore[arg-type]
    assert np.allclose(50 * of_longer, kernel, atol=0.05)
    assert np.allclose(same_bias, bias, atol=0.05)


def test_many_labels_with_few_rows_are_learned() -> None:
    """The gradient is small from the beginning on, so a coarse tolerance ends the fit before it starts."""
    random = np.random.default_rng(0)
    fine = np.repeat(np.arange(200), 3)
    vectors = random.normal(size=(200, 512))[fine] + random.normal(size=(600, 512))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    class Known:
        def features(self, texts: tuple[str, ...]) -> np.ndarray:
            return vectors

    kernel, bias = Regression().fitted(Known(), examples(["x"] * 600, fine.tolist()), 200)  # type: ignore[arg-type]
    assert ((vectors @ kernel + bias).argmax(axis=1) == fine).all()


def test_the_teacher_uses_both_encoders(encoder: TrainingEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The encoder of the task sees no difference between the texts; the other one does."""

    class Other:
        def features(self, texts: tuple[str, ...]) -> Vectors:
            def encode(new: object) -> np.ndarray:
                return np.array([[1, "money" in text] for text in new], np.float32)  # type: ignore[attr-defined]

            return EmbeddingCache(None).vectors("other", texts, lambda: encode)

    class Blind(Other):
        def features(self, texts: tuple[str, ...]) -> Vectors:
            return EmbeddingCache(None).vectors("blind", texts, lambda: lambda new: np.ones((len(new), 3), np.float32))

    monkeypatch.setattr(regression, "load_encoder", lambda name, cache, threads: Other())
    rows = examples([f"{WORDS[row % 2]} {row}" for row in range(20)], [row % 2 for row in range(20)])
    task = Task(encoder, rows, labels(2), 0, teachers=Teachers(("money back", "it is raining")))
    found = taught(Blind(), task)  # type: ignore[arg-type]
    assert found.argmax(axis=1).tolist() == [1, 0]
    assert np.allclose(found.sum(axis=1), 1)
