import numpy as np

from questiontopic_training.augmentation.typed_forms import vary

TEXT = "Who was Ada ?"
FORMS = {"who was ada ?", "Who was Ada", "Who was Ada?", "who was ada", "who was ada?"}


def test_a_third_of_the_texts_vary_in_every_form() -> None:
    varied = vary([TEXT] * 3000, 1 / 3, np.random.default_rng(0))
    assert set(varied) == FORMS | {TEXT}
    assert 0.3 < sum(text != TEXT for text in varied) / 3000 < 0.37


def test_equal_seeds_vary_equally_and_the_next_epoch_differently() -> None:
    random = np.random.default_rng(5)
    first, second = (vary([TEXT] * 50, 1 / 3, random) for _ in range(2))
    assert first == vary([TEXT] * 50, 1 / 3, np.random.default_rng(5))
    assert first != second


def test_no_text_becomes_empty() -> None:
    assert set(vary(["?", " ?"], 1, np.random.default_rng(0))) <= {"?", " ?"}
    assert all(vary(["?"] * 100, 1, np.random.default_rng(0)))
