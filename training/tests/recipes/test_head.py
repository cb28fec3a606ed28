from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from questiontopic_model.runtimes.graph import Floats
from questiontopic_training.data.examples import Examples, Labels
from questiontopic_training.data.questions import Question
from questiontopic_training.encoders.training_encoder import load_encoder
from questiontopic_training.progress import EpochProgress
from questiontopic_training.recipes.head import Head
from questiontopic_training.recipes.loss import topic_loss
from questiontopic_training.recipes.recipe import Task


def examples(texts: list[str], fine: list[int]) -> Examples:
    return Examples(tuple(texts), np.array(fine), np.array(fine))


def test_a_balanced_head_finds_more_of_a_rare_label(hub_folder: Path) -> None:
    """Both labels have the same texts, so without balance the frequent label always wins."""
    encoder = load_encoder(str(hub_folder), None, threads=1)
    texts = [f"which one {number % 5}" for number in range(100)]
    rows = examples(texts, [0] * 80 + [1] * 20)

    def rare_share(balance: float) -> float:
        model = Head(epochs=20, batch_size=32, balance=balance, hidden_dropout=0.0).train(
            Task(encoder, rows, _two_labels(), 0)
        )
        logits = np.asarray(model({"features": encoder.features(texts[:5])[:]}))
        return float((np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))[:, 1].mean())

    assert rare_share(0.0) == pytest.approx(0.2, abs=0.1)
    assert rare_share(1.0) == pytest.approx(0.5, abs=0.1)


def _two_labels() -> Labels:
    return Labels([Question("a", "x", "x"), Question("b", "y", "y")])


def test_the_rate_falls_to_zero_in_the_last_epoch(hub_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training that stopped early would end at a high rate."""
    rates: list[float] = []

    class Kept(EpochProgress):
        def on_train_end(self, logs: Any = None) -> None:
            rates.append(float(self.model.optimizer.learning_rate))
            super().on_train_end(logs)

    monkeypatch.setattr("questiontopic_training.recipes.head.EpochProgress", Kept)
    encoder = load_encoder(str(hub_folder), None, threads=1)
    random = np.random.default_rng(0)
    rows = examples([f"word{number} {number}" for number in range(60)], random.integers(2, size=60).tolist())
    Head(epochs=10, batch_size=20).train(Task(encoder, rows, _two_labels(), 0))
    assert rates == [pytest.approx(0.0, abs=1e-9)]


def test_the_training_step_is_compiled_once(hub_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keras calls a loss when it compiles, not in each step."""
    compiled: list[int] = []

    def counted(matrix: Floats, smoothing: float) -> Callable[[Any, Any], Any]:
        loss, fit = topic_loss(matrix, smoothing), len(compiled)
        compiled.append(0)

        def count(fine: Any, logits: Any) -> Any:
            compiled[fit] += 1
            return loss(fine, logits)

        return count

    monkeypatch.setattr("questiontopic_training.recipes.head.topic_loss", counted)
    encoder = load_encoder(str(hub_folder), None, threads=1)
    rows = examples([f"word{number}" for number in range(20)], [number % 2 for number in range(20)])
    Head(epochs=3, batch_size=6).train(Task(encoder, rows, _two_labels(), 0))
    assert compiled == [1]
