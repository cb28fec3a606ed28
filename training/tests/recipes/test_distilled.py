from pathlib import Path

import numpy as np
import pytest

from questiontopic_model.calibration import softmax
from questiontopic_model.runtimes.keras_graph import KerasGraph
from questiontopic_training.augmentation.surface_forms import trec
from questiontopic_training.augmentation.templates import read_templates
from questiontopic_training.data.examples import Labels
from questiontopic_training.data.questions import QuestionSet
from questiontopic_training.encoders.training_encoder import TrainingEncoder, load_encoder
from questiontopic_training.evaluation.metrics import compute_logits
from questiontopic_training.recipes.distilled import Distilled
from questiontopic_training.recipes.minilm import MiniLMAverage
from questiontopic_training.recipes.recipe import Task
from questiontopic_training.recipes.teachers import Teacher, Teachers
from questiontopic_training.recipes.trainer import Optimisation

TAUGHT = tuple(
    f"{begin} {word}" for begin in ("who invented", "when was") for word in ("velvet", "chalk", "gravel", "cork")
)
FAST = Optimisation(body_rate=1e-3, head_rate=4e-3, ema_momentum=0.5)
SMALL = Distilled(
    epochs=1, batch_size=16, optimisation=FAST, labelled_times=1, abbreviations=40, foreign=20, english=20,
    none_of_these=40,
    teacher=Teacher(
        models=2, epochs=1, min_steps=1, batch_size=16,
        optimisation=Optimisation(3e-4, 3e-3, ema_momentum=0.5), made=20,
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def teachers(tmp_path_factory: pytest.TempPathFactory) -> Teachers:
    return Teachers(TAUGHT, tmp_path_factory.mktemp("teachers"))


def test_equal_seeds_distil_equal_models_and_train_teachers_once(
    usem3: TrainingEncoder, data: QuestionSet, teachers: Teachers
) -> None:
    labels = Labels(data.training)
    examples = labels.examples(data.training[:48])
    folder = teachers.cache
    assert isinstance(folder, Path)
    first = SMALL.train(Task(usem3, examples, labels, 1, teachers=teachers)).get_weights()
    (kept,) = folder.glob("*.npy")
    written = kept.stat().st_mtime_ns
    again = SMALL.train(Task(usem3, examples, labels, 1, teachers=Teachers(TAUGHT, folder))).get_weights()
    assert kept.stat().st_mtime_ns == written
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    taught = np.load(kept)
    assert taught.shape == (len(TAUGHT), len(labels.fine))
    assert np.allclose(taught.sum(axis=1), 1, atol=1e-2)


def test_the_teacher_is_the_model_of_the_recipe_minilm(data: QuestionSet, teachers: Teachers) -> None:
    labels = Labels(data.training)
    examples = labels.examples(data.training[:48])
    folder = teachers.cache
    assert isinstance(folder, Path)
    taught = teachers.probabilities(SMALL.teacher, examples, labels, read_templates(examples, labels))
    (kept,) = folder.glob("teacher-*.keras")
    written = kept.stat().st_mtime_ns
    minilm = load_encoder("minilm", None, threads=1)
    recipe = MiniLMAverage(epochs=1, models=2, min_steps=1, teacher=SMALL.teacher)
    model = recipe.train(Task(minilm, examples, labels, 0, teachers=teachers))
    assert [*folder.glob("teacher-*.keras")] == [kept]
    assert kept.stat().st_mtime_ns == written
    found = softmax(compute_logits(minilm.serving, KerasGraph(model), [trec(question) for question in TAUGHT]))
    assert np.allclose(found, taught, atol=1e-3)  # They are kept with 16 bits.


def test_without_unlabelled_questions_it_learns_from_the_others(usem3: TrainingEncoder, data: QuestionSet) -> None:
    labels = Labels(data.training)
    model = SMALL.train(Task(usem3, labels.examples(data.training), labels, 1))
    found = model(usem3.serving.encode(["Which country exports silk ?", "Who invented lace ?"]).inputs).numpy()
    assert [labels.fine[row].coarse for row in found.argmax(axis=1)] == ["LOC", "HUM"]
