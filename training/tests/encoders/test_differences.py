import numpy as np

from questiontopic_model.encoders.minilm import published_weights, unpack
from questiontopic_training.encoders.differences import pack


def test_packing_differences_twice_changes_nothing() -> None:
    random = np.random.default_rng(0)
    trained = {
        name: w + random.normal(scale=1e-3, size=w.shape).astype(np.float32) for name, w in published_weights().items()
    }
    once = pack(trained)
    again = pack({name: w + unpack(once, name, w.shape) for name, w in published_weights().items()})
    assert all(np.array_equal(once[name], again[name]) for name in once)
    kernel = "layer0_qkv/kernel"
    moved = trained[kernel] - published_weights()[kernel]
    kept = unpack(once, kernel, moved.shape)
    assert np.linalg.norm(kept - moved) < 0.15 * np.linalg.norm(moved)
