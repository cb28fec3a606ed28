from collections.abc import Sequence

import numpy as np
import pytest

from questiontopic_training.data.examples import Examples
from questiontopic_training.evaluation.robustness import DISTURBANCES, disturbed

QUESTION = "What 's the tallest bridge in the world ?"
EXPECTED = {
    "lower case, no final mark": "what 's the tallest bridge in the world",
    "upper case": "WHAT 'S THE TALLEST BRIDGE IN THE WORLD ?",
    "no apostrophes": "Whats the tallest bridge in the world ?",
    "leading filler": "hey, can you tell me what 's the tallest bridge in the world ?",
    "trailing sentence": f"{QUESTION} I have been thinking about this since yesterday.",
    "two trailing sentences": "What's the tallest bridge in the world? "
    "I have been thinking about this since yesterday. My friends and I could not agree on it.",
}


def examples(texts: Sequence[str]) -> Examples:
    return Examples(tuple(texts), np.arange(len(texts)) % 6, np.arange(len(texts)))


@pytest.mark.parametrize("name", EXPECTED)
def test_each_disturbance_by_example(name: str) -> None:
    assert disturbed(examples([QUESTION]), name).texts == (EXPECTED[name],)


def test_every_question_gets_ten_typos_and_keeps_its_labels() -> None:
    found = disturbed(examples([QUESTION, "Who ?"]), "one typo")
    assert len(found) == 20
    assert found.fine.tolist() == found.coarse.tolist() == [0, 1] * 10
    assert all(len(long) > len(short) for long, short in zip(found.texts[::2], found.texts[1::2], strict=True))
    assert len(set(found.texts[::2])) > 5


def test_a_typo_changes_one_word_and_is_the_same_in_every_call() -> None:
    texts = [f"{QUESTION} {number}" for number in range(50)]
    found = disturbed(examples(texts), "one typo").texts[: len(texts)]
    assert found == disturbed(examples(texts), "one typo").texts[: len(texts)]
    assert set(DISTURBANCES) == {*EXPECTED, "one typo"}
    for text, changed in zip(texts, found, strict=True):
        assert abs(len(text) - len(changed)) <= 1
        different = [(a, b) for a, b in zip(text.split(), changed.split(), strict=True) if a != b]
        assert len(different) <= 1  # No difference if two equal letters were swapped.
    assert sum(a != b for a, b in zip(texts, found, strict=True)) > 45
