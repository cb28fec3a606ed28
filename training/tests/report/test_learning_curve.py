from pathlib import Path

import pytest

from questiontopic_training.data.questions import DataError, QuestionSet
from questiontopic_training.report.learning_curve import LearningCurve

from .subjects import subject


def test_a_learning_curve_needs_questions_with_the_bundle_s_labels(data: QuestionSet, cache: Path) -> None:
    found = subject("pets", [("Who?", "CAT:big", "CAT:big", 0.9)])
    with pytest.raises(DataError, match="other labels than bundles/pets; name its own by --data"):
        LearningCurve("head", cache=cache).measure(found, data.training)
