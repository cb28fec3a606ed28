import numpy as np

from questiontopic_training.encoders.heads import fixed_head, prototype_head


def test_a_prototype_head_begins_as_a_nearest_mean_classifier() -> None:
    random = np.random.default_rng(0)
    centres = random.normal(size=(5, 32))
    labels = np.repeat(np.arange(5), 6)
    vectors = (centres[labels] + 0.3 * random.normal(size=(30, 32))).astype(np.float32)
    vectors -= vectors.mean(axis=1, keepdims=True)  # The head subtracts the mean, which is about 0 for an encoder.
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    logits = np.asarray(prototype_head(vectors, labels, 5, dropout=0.1)(vectors))
    means = np.stack([vectors[labels == label].mean(axis=0) for label in range(5)])
    cosines = vectors @ (means / np.linalg.norm(means, axis=1, keepdims=True)).T
    assert np.allclose(logits, 16 * cosines, atol=1e-4)


def test_a_fixed_head_has_the_given_weights() -> None:
    kernel, bias = np.ones((4, 3), np.float32), np.arange(3, dtype=np.float32)
    assert np.allclose(np.asarray(fixed_head(kernel, bias)(np.ones((1, 4), np.float32))), [[4, 5, 6]])
