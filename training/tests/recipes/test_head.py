import re
from pathlib import Path

import numpy as np
import pytest

from questiontopic_training.data.examples import Examples, Labels
from questiontopic_training.data.questions import Question
from questiontopic_training.encoders.training_encoder import load_encoder
from questiontopic_training.recipes.head import Head
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


def test_a_head_with_patience_stops_before_it_learns_noise(
    hub_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The labels are random, so the loss of the held-out rows soon rises."""
    encoder = load_encoder(str(hub_folder), None, threads=1)
    random = np.random.default_rng(0)
    rows = examples([f"word{number} {number}" for number in range(200)], random.integers(2, size=200).tolist())
    Head(epochs=100, batch_size=64, patience=3).train(Task(encoder, rows, _two_labels(), 0))
    fits = re.findall(r"training:.*?(\d+)/(\d+) \[[^\[]*$", capsys.readouterr().err.replace("\r", "\n"), re.MULTILINE)
    first = [int(done) for done, of in fits if of == "100"]
    (epochs,) = {int(of) for _, of in fits if of != "100"}
    assert epochs == max(first) - 3 < 50  # The first training stops three epochs after its best epoch.
