import re
from pathlib import Path

import numpy as np
import pytest

from questiontopic_model.bundle import read_bundle
from questiontopic_training.data.examples import Examples, Labels
from questiontopic_training.data.own_labels import read_own_labels
from questiontopic_training.data.questions import DataError, Question
from questiontopic_training.encoders.training_encoder import load_encoder
from questiontopic_training.experiments.cross_validation import split_folds
from questiontopic_training.experiments.experiment import Experiment
from questiontopic_training.experiments.runs import Runs
from questiontopic_training.recipes.head import Head
from questiontopic_training.recipes.recipe import Task

from ..conftest import TEMPLATES, WORDS


def examples(texts: list[str], fine: list[int]) -> Examples:
    return Examples(tuple(texts), np.array(fine), np.array(fine))


def test_every_row_is_held_out_once_with_every_label_in_its_share() -> None:
    rows = examples([f"text {number}" for number in range(60)], [number % 3 for number in range(60)])
    folds = split_folds(rows, 5, seed=1)
    assert sorted(np.concatenate([held for _, held in folds])) == list(range(60))
    for kept, held in folds:
        assert not set(kept) & set(held)
        assert np.bincount(rows.fine[held]).tolist() == [4, 4, 4]
    again = split_folds(rows, 5, seed=1)
    other = split_folds(rows, 5, seed=2)
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(folds, again, strict=True))
    assert not all(np.array_equal(a[1], b[1]) for a, b in zip(folds, other, strict=True))


def test_copies_of_a_text_share_a_fold() -> None:
    texts = [f"text {number}" for number in range(30)]
    rows = examples([*texts, *(text.upper() for text in texts)], [number % 3 for number in range(30)] * 2)
    for _, held in split_folds(rows, 3, seed=0):
        assert set(held % 30) == set(held[held < 30])
        assert len(held) == 20


def test_more_folds_than_rows_of_any_label_are_an_error() -> None:
    with pytest.raises(DataError, match="too few rows for 3 folds"):
        split_folds(examples(["a", "b"], [0, 1]), 3, seed=0)


@pytest.fixture(scope="module")
def flat_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the files of TREC's kind, but without a hierarchy, and one label with many more rows than the others."""
    rows = [(template.format(word), label[-3:]) for word in WORDS.split()[:12] for label, template in TEMPLATES.items()]
    rows += [(f"How many {one} fit into {two} ?", "unt") for one in WORDS.split() for two in WORDS.split()[:5]]
    path = tmp_path_factory.mktemp("own") / "flat.csv"
    path.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows), "utf-8")
    return path


def test_flat_labels_without_test_questions_make_a_bundle(flat_file: Path, hub_folder: Path, tmp_path: Path) -> None:
    encoder = load_encoder(str(hub_folder), None, threads=1)
    data = read_own_labels(flat_file, None, 3)
    recipe = Head(epochs=30, batch_size=64, balance=0.5, patience=3)
    Experiment(recipe, data, (0,), Runs(encoder), folds=3).run(tmp_path / "bundle", "flat", "1.0.0")
    manifest = read_bundle(tmp_path / "bundle").manifest
    assert manifest.fine_labels == ()
    assert manifest.coarse_labels == tuple(sorted({label[-3:] for label in TEMPLATES}))
    assert manifest.data["rows_per_label"] == {"least": 12, "most": 112}
    assert manifest.training["folds"] == 3
    metrics = manifest.metrics
    assert metrics["cross_validation_questions"] == 244
    assert 0.9 < metrics["cross_validation_coarse_accuracy"] <= 1
    assert abs(metrics["cross_validation_coarse_accuracy_mean"] - metrics["cross_validation_coarse_accuracy"]) < 0.01
    assert 0.8 < metrics["cross_validation_coarse_macro_f1"] <= 1
    assert 0 <= metrics["cross_validation_coarse_expected_calibration_error"] < 0.2
    assert not any(name.startswith(("test_", "validation_")) or "fine" in name for name in metrics)
    card = (tmp_path / "bundle" / "README.md").read_text("utf-8")
    assert "| cross_validation, coarse |" in card
    assert "`flat.csv`" in card


def test_balance_raises_rare_labels_and_keeps_the_mean() -> None:
    rows = examples([str(number) for number in range(10)], [0] * 8 + [1] * 2)
    assert rows.weights(0).tolist() == [1] * 10
    assert rows.weights(1)[-1] / rows.weights(1)[0] == pytest.approx(4)
    assert rows.weights(0.5)[-1] / rows.weights(0.5)[0] == pytest.approx(2)
    assert rows.weights(0.5).mean() == pytest.approx(1)


def test_a_balanced_head_finds_more_of_a_rare_label(hub_folder: Path) -> None:
    """Texts that are the same for both labels: unbalanced, the frequent one always wins."""
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
    """Labels by chance: the held-out rows' loss soon rises."""
    encoder = load_encoder(str(hub_folder), None, threads=1)
    random = np.random.default_rng(0)
    rows = examples([f"word{number} {number}" for number in range(200)], random.integers(2, size=200).tolist())
    Head(epochs=100, batch_size=64, patience=3).train(Task(encoder, rows, _two_labels(), 0))
    fits = re.findall(r"training:.*?(\d+)/(\d+) \[[^\[]*$", capsys.readouterr().err.replace("\r", "\n"), re.MULTILINE)
    first = [int(done) for done, of in fits if of == "100"]
    (epochs,) = {int(of) for _, of in fits if of != "100"}
    assert epochs == max(first) - 3 < 50  # It stops three epochs after its best, which the final training has.
