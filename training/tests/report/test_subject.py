from pathlib import Path

import pytest

from questiontopic_model.bundle import read_bundle
from questiontopic_model.loading import load_topic_model
from questiontopic_training.data.examples import Labels
from questiontopic_training.data.questions import DataError, Question, QuestionSet
from questiontopic_training.evaluation.metrics import evaluate_probabilities
from questiontopic_training.report.report import Report
from questiontopic_training.report.subject import examine


def test_the_figures_are_those_of_the_evaluation(bundle_folder: Path, data: QuestionSet, cache: Path) -> None:
    found = examine(bundle_folder, data.test, "auto", cache)
    labels = Labels(data.training)
    probabilities = load_topic_model(read_bundle(bundle_folder), "onnxruntime", cache, 1).predict(
        [question.text for question in data.test]
    )
    assert probabilities.fine is not None
    expected = evaluate_probabilities(probabilities.fine, labels.examples(data.test), labels, True).metrics("test")
    assert found.results.test.metrics("test") == pytest.approx(expected)
    page = Report(found, "test").html()
    for level in ("coarse", "fine"):
        for name, shown in (("accuracy", ".1%"), ("expected_calibration_error", ".3f"), ("brier_score", ".3f")):
            assert format(expected[f"test_{level}_{name}"], shown) in page


def test_labels_that_the_bundle_lacks_are_named(bundle_folder: Path, cache: Path) -> None:
    asked = [Question("Who ?", "HUM", "HUM:ind"), Question("Which fish ?", "ENTY", "ENTY:fish")]
    with pytest.raises(DataError, match=r"lacks labels of the test questions: ENTY:fish$"):
        examine(bundle_folder, asked, "auto", cache)
