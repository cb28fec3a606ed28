from pathlib import Path

import numpy as np
import pytest

from questiontopic_training.__main__ import main
from questiontopic_training.data.questions import DataError
from questiontopic_training.report.comparison import compare_levels, mcnemar
from questiontopic_training.report.comparison_report import ComparisonReport
from questiontopic_training.report.share import Share

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
    # Only the first is right on 1 question, only the second on 5: 2 * (C(6,0) + C(6,1)) / 2**6 = 14 / 64.
    first = np.array([True, True, True] + [False] * 5 + [False])
    second = np.array([True, True, False] + [True] * 5 + [False])
    test = mcnemar(first, second)
    assert (test.only_first, test.only_second) == (1, 5)
    assert test.p == pytest.approx(14 / 64)


def test_equal_models_differ_by_nothing() -> None:
    same = np.array([True, False, True])
    assert mcnemar(same, same).p == 1


def test_the_interval_is_wilson_s() -> None:
    # By hand, with z = 1.959964.
    assert Share(469, 500).interval == pytest.approx((0.91337, 0.95597), abs=1e-4)


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
    assert coarse.changes["wrong → other wrong"] == ()  # A cat both times.


def test_labels_that_one_lacks_are_named() -> None:
    other = subject("b", [("Which one ?", "CAT:big", "CAT:big", 0.9)], ("CAT:big", "CAT:tiny", "DOG:big", "DOG:small"))
    with pytest.raises(DataError, match=r"bundles/b: cannot be compared, it lacks the fine labels CAT:small$"):
        compare_levels(other, subject("b", BEFORE))


def test_a_bundle_without_fine_labels_is_compared_by_coarse_ones() -> None:
    (coarse,) = compare_levels(subject("a", BEFORE), subject("b", AFTER, two_levels=False))
    assert coarse.first.name == "coarse"


def test_the_page_shows_both_and_escapes_questions() -> None:
    page = ComparisonReport(subject("a", BEFORE), subject("b", AFTER), "pets.csv").html()
    assert "a 1.0.0 and b 1.0.0" in page
    assert "Fine labels, right → wrong: 1" in page
    assert BEFORE[1][0] in page
    assert "<i>stays" not in page
    assert "http" not in page


def test_compare_writes_a_page(
    bundle_folder: Path, data_folder: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "comparison.html"
    command = f"compare {bundle_folder} {bundle_folder} --data {data_folder} --cache {cache} --output {page}"
    assert main(command.split()) == 0
    assert "Both answer the same questions rightly." in capsys.readouterr().out
    assert "Fine labels, right → wrong: 0" in page.read_text("utf-8")
