from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from questiontopic_model.runtimes.graph import Floats
from questiontopic_training.encoders.embedding_cache import EmbeddingCache
from questiontopic_training.encoders.training_encoder import TrainingEncoder

TEXTS = [f"text {number}" for number in range(5000)]


class Counting:
    """An encoder with four numbers that counts its texts and can fail after some of them."""

    def __init__(self, fails_after: int = 10**9) -> None:
        self.encoded, self.fails_after = 0, fails_after

    def __call__(self, texts: Sequence[str]) -> Floats:
        if self.encoded >= self.fails_after:
            raise KeyboardInterrupt
        self.encoded += len(texts)
        return np.array([[len(text), hash(text) % 97, 1, 2] for text in texts], np.float32)


def test_an_interrupted_run_continues_where_it_stopped(tmp_path: Path) -> None:
    interrupted, resumed, again = Counting(fails_after=3000), Counting(), Counting()
    with pytest.raises(KeyboardInterrupt):
        EmbeddingCache(tmp_path).vectors("e", TEXTS, lambda: interrupted)
    found = EmbeddingCache(tmp_path).vectors("e", TEXTS, lambda: resumed)
    assert interrupted.encoded == 3072  # Three chunks of 1024 texts.
    assert resumed.encoded == 5000 - 3072
    assert np.array_equal(found[:], Counting()(TEXTS))
    assert np.array_equal(EmbeddingCache(tmp_path).vectors("e", TEXTS, lambda: again)[:], found[:])
    assert again.encoded == 0


@pytest.mark.parametrize("suffix", [".keys", ".f32"])
@pytest.mark.parametrize("lost", [3, 1000, 79_990])
def test_half_written_files_are_repaired(tmp_path: Path, suffix: str, lost: int) -> None:
    EmbeddingCache(tmp_path).vectors("e", TEXTS, Counting)
    (path,) = tmp_path.glob(f"*{suffix}")
    path.write_bytes(path.read_bytes()[:-lost])
    found = EmbeddingCache(tmp_path).vectors("e", TEXTS, Counting)
    assert np.array_equal(found[:], Counting()(TEXTS))


def test_a_text_is_encoded_once_for_each_encoder(tmp_path: Path) -> None:
    cache, first, second, other = EmbeddingCache(tmp_path), Counting(), Counting(), Counting()
    cache.vectors("e", ["a", "b", "a"], lambda: first)
    found = cache.vectors("e", ["c", "a"], lambda: second)
    cache.vectors("f", ["a"], lambda: other)
    assert (first.encoded, second.encoded, other.encoded) == (2, 1, 1)
    assert np.array_equal(found[np.array([1])], Counting()(["a"]))
    assert (len(found), found.dimension) == (2, 4)


def test_a_cache_without_a_folder_works() -> None:
    cache, once = EmbeddingCache(None), Counting()
    cache.vectors("e", ["a"], lambda: once)
    assert cache.vectors("e", ["a"], lambda: once)[:].shape == (1, 4)
    assert once.encoded == 1


def test_vectors_from_the_cache_equal_those_of_the_encoder(usem3: TrainingEncoder) -> None:
    fresh, kept = (usem3.features(["Who sings?", "Where is it?"])[:] for _ in range(2))
    assert np.array_equal(fresh, kept)
    assert np.allclose(np.linalg.norm(kept, axis=1), 1, atol=1e-5)
