import pytest

from questiontopic_training.evaluation.wording import confidence_sentence, points


def test_points_have_a_sign_except_for_zero() -> None:
    assert [points(value) for value in (-0.012, 0.05, 0.0, -0.0001)] == ["−1.2", "+5.0", "0.0", "0.0"]


@pytest.mark.parametrize(
    ("answers", "right", "said"),
    [
        (40, 31, "Of 40 answers with a confidence of 0.7 to 0.9, 78% were right."),
        (3, 1, "Only 3 answers had a confidence of 0.7 to 0.9, too few for a share; 1 was right."),
        (0, 0, "No answer had a confidence of 0.7 to 0.9."),
    ],
)
def test_what_a_confidence_means_in_a_sentence(answers: int, right: int, said: str) -> None:
    assert confidence_sentence(answers, right, 0.7, 0.9) == said
