from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from questiontopic_model.bundle import BundleError
from questiontopic_model.calibration import softmax
from questiontopic_model.encoders.usem3 import resources
from questiontopic_model.runtimes.keras_graph import KerasGraph
from questiontopic_training.data.examples import Labels
from questiontopic_training.data.extras import Extras
from questiontopic_training.data.questions import QuestionSet
from questiontopic_training.encoders.training_encoder import TrainingEncoder, load_encoder
from questiontopic_training.evaluation.metrics import compute_logits
from questiontopic_training.experiments.experiment import Experiment
from questiontopic_training.experiments.runs import Runs
from questiontopic_training.recipes import RECIPES
from questiontopic_training.recipes.finetuned import Finetuned
from questiontopic_training.recipes.recipe import Task
from questiontopic_training.recipes.teachers import Teachers


def test_finetuned_refuses_an_encoder_that_it_cannot_train(hub_folder: Path, data: QuestionSet, tmp_path: Path) -> None:
    encoder = load_encoder(str(hub_folder), None, threads=1)
    with pytest.raises(BundleError, match="needs the encoder usem3"):
        Experiment(RECIPES["finetuned"], data, (0,), Runs(encoder)).run(tmp_path / "bundle", "x", "1.0.0")


def test_equal_seeds_train_equal_models(usem3: TrainingEncoder, data: QuestionSet) -> None:
    labels = Labels(data.training)
    examples = labels.examples(data.training[:48])
    recipe = Finetuned(epochs=1, batch_size=16, min_steps=1)
    first, again, other = (recipe.train(Task(usem3, examples, labels, seed)).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_the_training_length_is_in_steps_with_a_floor_and_a_cap() -> None:
    recipe = Finetuned(epochs=5, batch_size=32, min_steps=250, max_steps=3000)
    assert [recipe.steps(rows) for rows in (770, 1600, 1601, 10_003, 100_000)] == [250, 250, 255, 1565, 3000]
    assert replace(recipe, max_steps=None).steps(100_000) == 15_625


def test_the_encoder_learns(usem3: TrainingEncoder, data: QuestionSet) -> None:
    labels = Labels(data.training)
    model = Finetuned(epochs=1, batch_size=16, min_steps=6, ema_momentum=0.5).train(
        Task(usem3, labels.examples(data.training[:48]), labels, 1)
    )
    with np.load(resources() / "weights.npz") as weights:
        (values,) = model.get_layer("d0").get_weights()
        assert not np.allclose(values, weights["d0"], atol=1e-4)


def test_unlabelled_texts_are_learned_with_the_answers_of_a_teacher(
    usem3: TrainingEncoder, data: QuestionSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The teacher says that all unlabelled texts have the last label, so the model answers it more often."""
    labels = Labels(data.training)
    examples = labels.examples(data.training[:48])
    last = len(labels.fine) - 1
    answers = np.eye(len(labels.fine), dtype=np.float32)[[last] * 40]
    monkeypatch.setattr("questiontopic_training.recipes.finetuned.taught", lambda encoder, task: answers)
    texts = tuple(f"The weather in week {number} was fine." for number in range(40))
    recipe = Finetuned(epochs=1, batch_size=16, min_steps=20, ema_momentum=0.5)

    def share(teachers: Teachers) -> float:
        model = recipe.train(Task(usem3, examples, labels, 1, teachers=teachers))
        logits = compute_logits(usem3.serving, KerasGraph(model), ["The weather in week 99 was bad."])
        return float(softmax(logits)[0, last])

    assert share(Teachers(texts)) > 0.5 > share(Teachers(()))


def test_texts_that_belong_to_no_label_teach_the_last_output_and_no_label(
    usem3: TrainingEncoder, data: QuestionSet
) -> None:
    labels = Labels(data.training)
    examples = labels.examples(data.training[:48])
    others = tuple(f"please turn off the {word} in the kitchen" for word in ("radio", "oven", "lamp", "heating", "tap"))
    recipe = Finetuned(epochs=1, batch_size=16, min_steps=30, ema_momentum=0.5, learning_rate=2e-3)
    model = recipe.train(Task(usem3, examples, labels, 1, extras=Extras(others=others)))
    found = compute_logits(usem3.serving, KerasGraph(model), [*examples.texts, "please turn off the fan in the hall"])
    assert found.shape == (49, len(labels.fine) + 1)
    assert found[-1, -1] > found[:-1, -1].max()
    assert (found[:-1, :-1].argmax(axis=1) == examples.fine).mean() > 0.9
