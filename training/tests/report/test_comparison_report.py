from questiontopic_training.report.comparison_report import ComparisonReport

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


def test_the_page_shows_both_and_escapes_questions() -> None:
    page = ComparisonReport(subject("a", BEFORE), subject("b", AFTER), "pets.csv").html()
    assert "a 1.0.0 and b 1.0.0" in page
    assert "Fine labels, right → wrong: 1" in page
    assert BEFORE[1][0] in page
    assert "<i>stays" not in page
    assert "http" not in page
