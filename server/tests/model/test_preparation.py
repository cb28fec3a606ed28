from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from questiontopic_model.preparation import original, raw


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("What's the\ncapital?", "what is the capital"),
        ("I'll go, won't you?", "i will go will not you"),
        ("They can't; we're sure, he'd say I've lost", "they can not we are sure he would say i have lost"),
        ("See https://example.org/a?b=1 or mail me@example.org!", "see link or mail link"),
        ("In 1912, 3 men", "in men"),
        ("123 !?", ""),
        ("您的工资是多少？", "您的工资是多少？"),
    ],
)
def test_the_original_cleaning(text: str, cleaned: str) -> None:
    assert original(text) == cleaned


@given(st.text())
def test_raw_changes_nothing(text: str) -> None:
    assert raw(text) == text
