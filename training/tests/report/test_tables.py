import pytest

from questiontopic_training.report.tables import confusion_matrix, confusions, mistakes, scores

from .subjects import Answered, subject

ANSWERS: list[Answered] = [
    ("Which cat is a lion ?", "CAT:big", "CAT:big", 0.95),
    ("Which cat is a tiger ?", "CAT:big", "CAT:small", 0.85),
    ("Which cat is a puma ?", "CAT:big", "CAT:small", 0.75),
    ("Which dog is a mastiff ?", "DOG:big", "DOG:big", 0.9),
    ("Which dog <script>alert('&')</script> barks ?", "DOG:big", "CAT:small", 0.98),
]


def test_scores_by_hand() -> None:
    _, fine = subject("pets", ANSWERS).levels()
    big_cat, small_cat, big_dog, small_dog = scores(fine)
    assert (big_cat.precision, big_cat.support, big_cat.answers) == (1, 3, 1)
    assert big_cat.recall == pytest.approx(1 / 3)
    assert (small_cat.precision, small_cat.recall, small_cat.answers) == (0, None, 3)
    assert big_dog.f1 == pytest.approx(2 / 3)
    assert (small_dog.precision, small_dog.recall, small_dog.f1) == (None, None, None)


def test_confusions_and_mistakes_by_hand() -> None:
    coarse, fine = (found := subject("pets", ANSWERS)).levels()
    assert confusion_matrix(coarse).tolist() == [[3, 0], [1, 1]]
    first, second = confusions(fine, 5)
    assert (first.truth, first.answer, first.times, first.support) == ("CAT:big", "CAT:small", 2, 3)
    assert (second.truth, second.answer, second.times) == ("DOG:big", "CAT:small", 1)
    worst = mistakes(fine, found.results.test.truth.texts, 2)
    assert [(one.answer, round(one.confidence, 2)) for one in worst] == [("CAT:small", 0.98), ("CAT:small", 0.85)]
