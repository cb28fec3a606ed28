import pytest

from questiontopic_training.robustness import DISTURBANCES, disturbed

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


@pytest.mark.parametrize("name", EXPECTED)
def test_what_each_disturbance_does(name: str) -> None:
    assert disturbed([QUESTION], name) == [EXPECTED[name]]


def test_a_typo_is_one_slip_in_one_word_and_the_same_each_time() -> None:
    texts = [f"{QUESTION} {number}" for number in range(50)]
    found = disturbed(texts, "one typo")
    assert found == disturbed(texts, "one typo")
    assert set(DISTURBANCES) == {*EXPECTED, "one typo"}
    for text, changed in zip(texts, found, strict=True):
        assert abs(len(text) - len(changed)) <= 1
        different = [(a, b) for a, b in zip(text.split(), changed.split(), strict=True) if a != b]
        assert len(different) <= 1  # None where two equal letters changed places.
    assert sum(a != b for a, b in zip(texts, found, strict=True)) > 45
