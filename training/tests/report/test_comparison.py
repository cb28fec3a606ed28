import numpy as np
import pytest

from questiontopic_training.data.questions import DataError
from questiontopic_training.report.comparison import compare_levels, mcnemar

from .subjects import Answered, subject

BEFORE: list[Answered] = [
    ("Which one <i>stays</i> right ?", "CAT:big", "CAT:big", 0.9),
    ("Which one gets worse ?", "CAT:big", "CAT:big", 0.8),
    ("Which one gets better ?", "DOG:big", "CAT:big", 0.7),
    ("Which one changes its mistake ?", "DOG:big", "CAT:big", 0.6),
]
AFTER: list[Answered] = [
    (BEFORE[0][0], "CAT:big", "CAT:big", 0.9),
    (BEFORE[1][0], "CAT:big", "DOG:big", 0.8),
    (BEFORE[2][0], "DOG:big", "DOG:big", 0.7),
    (BEFORE[3][0], "DOG:big", "CAT:small", 0.6),
]


def test_mcnemar_by_hand() -> None:
    # Only the first is right on 1 question, only the second on 5: p = 2 * (C(6,0) + C(6,1)) / 2**6 = 14 / 64.
    first = np.array([True, True, True] + [False] * 5 + [False])
    second = np.array([True, True, False] + [True] * 5 + [False])
    test = mcnemar(first, second)
    assert (test.only_first, test.only_second) == (1, 5)
    assert test.p == pytest.approx(14 / 64)


def test_equal_models_have_p_1() -> None:
    same = np.array([True, False, True])
    assert mcnemar(same, same).p == 1


def test_changed_questions_are_found_by_kind() -> None:
    coarse, fine = compare_levels(subject("a", BEFORE), subject("b", AFTER))
    texts = {kind: [one.text for one in changes] for kind, changes in fine.changes.items()}
    assert texts == {
        "right → wrong": [BEFORE[1][0]],
        "wrong → right": [BEFORE[2][0]],
        "wrong → other wrong": [BEFORE[3][0]],
    }
    (worse,) = fine.changes["right → wrong"]
    assert (worse.truth, worse.first, worse.second) == ("CAT:big", "CAT:big", "DOG:big")
    assert coarse.changes["wrong → other wrong"] == ()  # Both answers are below CAT.


def test_labels_that_one_bundle_lacks_are_named() -> None:
    other = subject("b", [("Which one ?", "CAT:big", "CAT:big", 0.9)], ("CAT:big", "CAT:tiny", "DOG:big", "DOG:small"))
    with pytest.raises(DataError, match=r"bundles/b: cannot be compared, it lacks the fine labels CAT:small$"):
        compare_levels(other, subject("b", BEFORE))


def test_a_bundle_without_fine_labels_is_compared_by_its_coarse_labels() -> None:
    (coarse,) = compare_levels(subject("a", BEFORE), subject("b", AFTER, two_levels=False))
    assert coarse.first.name == "coarse"
