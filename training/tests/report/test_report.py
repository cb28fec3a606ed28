import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from questiontopic_model.bundle import read_bundle
from questiontopic_model.topic_model import load_topic_model
from questiontopic_training.__main__ import main
from questiontopic_training.data.examples import Labels
from questiontopic_training.data.questions import DataError, Question, QuestionSet
from questiontopic_training.evaluation.metrics import evaluate_probabilities
from questiontopic_training.report.curve import Curve, Point
from questiontopic_training.report.learning_curve import LearningCurve
from questiontopic_training.report.report import Report, sentence
from questiontopic_training.report.share import Share
from questiontopic_training.report.subject import examine
from questiontopic_training.report.tables import confusion_matrix, confusions, mistakes, scores

from .subjects import Answered, subject

ANSWERS: list[Answered] = [
    ("Which cat is a lion ?", "CAT:big", "CAT:big", 0.95),
    ("Which cat is a tiger ?", "CAT:big", "CAT:small", 0.85),
    ("Which cat is a puma ?", "CAT:big", "CAT:small", 0.75),
    ("Which dog is a mastiff ?", "DOG:big", "DOG:big", 0.9),
    ("Which dog <script>alert('&')</script> barks ?", "DOG:big", "CAT:small", 0.98),
]


class Resources(HTMLParser):
    """What a page would load or run, and the tags left open."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loaded += [value or "" for name, value in attributes if name in ("src", "href", "srcset", "data")]


def resources(page: str) -> Resources:
    parser = Resources()
    parser.feed(page)
    return parser


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


def test_about_0_8_counts_answers_from_0_7_to_below_0_9() -> None:
    _, fine = subject("pets", ANSWERS).levels()
    assert sentence(fine).startswith("Only 2 answers")


def test_the_page_loads_and_runs_nothing() -> None:
    found = resources(Report(subject("pets", ANSWERS), "pets.csv").html())
    assert found.loaded
    assert all(value.startswith(("data:", "#")) for value in found.loaded)
    assert not {"script", "iframe", "object", "embed"} & set(found.tags)


def test_questions_are_escaped() -> None:
    page = Report(subject("pets", ANSWERS), "<b>.csv").html()
    assert "&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;" in page
    assert "<script" not in page
    assert "<b>.csv" not in page


def test_figures_are_in_the_page_and_the_same_each_time(tmp_path: Path) -> None:
    report = Report(subject("pets", ANSWERS), "pets.csv")
    assert report.html() == report.html()
    assert report.html().count("data:image/svg+xml;base64,") == 3
    report.write_figures(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "confusion.svg",
        "reliability-coarse.svg",
        "reliability-fine.svg",
    }
    assert all(path.read_text("utf-8").startswith("<?xml") for path in tmp_path.iterdir())


def test_the_page_says_how_to_get_a_learning_curve_or_shows_it_and_its_recipe() -> None:
    found = subject("pets", ANSWERS)
    assert "--learning-curve" in Report(found, "pets.csv").html()
    points = tuple(
        Point(rows, {"coarse": Share(right, 50), "fine": Share(right - 9, 50)}) for rows, right in ((9, 30), (90, 45))
    )
    page = Report(found, "pets.csv", Curve("finetuned", "distilled", 50, False, points)).html()
    assert "--learning-curve" not in page
    assert "(the bundle was made by <code>distilled</code>)" in page
    assert page.count("data:image/svg+xml;base64,") == 4


def test_more_labels_than_a_matrix_shows_are_a_table() -> None:
    names = tuple(f"l{number:02}" for number in range(30))
    answers: list[Answered] = [(f"Which {name} ?", name, "l07", 0.5) for name in names]
    page = Report(subject("many", answers, names, two_levels=False), "many.csv").html()
    assert "Most frequent confusions of coarse labels" in page
    assert page.count("data:image/svg+xml;base64,") == 1


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


def test_a_learning_curve_is_of_the_bundle_s_own_labels(data: QuestionSet, cache: Path) -> None:
    found = subject("pets", [("Who?", "CAT:big", "CAT:big", 0.9)])
    with pytest.raises(DataError, match="other labels than bundles/pets; name its own by --data"):
        LearningCurve("head", cache=cache).measure(found, data.training)


def test_evaluate_writes_page_and_figures_with_a_learning_curve(
    bundle_folder: Path, data_folder: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, figures = tmp_path / "pages" / "report.html", tmp_path / "figures"
    command = f"evaluate {bundle_folder} --data {data_folder} --cache {cache} --output {page} --figures {figures}"
    assert main(f"{command} --learning-curve --curve-recipe head".split()) == 0
    said = capsys.readouterr().out
    assert re.findall(r"head on (\d+) training questions", said) == ["14", "29", "58", "101", "144"]
    assert "language de" in said
    assert "held out from training, not on the test questions" in page.read_text("utf-8")
    assert (figures / "learning-curve.svg").is_file()


def test_a_file_of_one_s_own_is_asked(
    bundle_folder: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.csv"
    own.write_text("text,label\nWho invented tea ?,HUM:ind\nWhen was tea first seen ?,NUM:date\n", "utf-8")
    page = tmp_path / "report.html"
    assert main(f"evaluate {bundle_folder} --test {own} --cache {cache} --output {page}".split()) == 0
    assert "<code>own.csv</code>" in page.read_text("utf-8")
    capsys.readouterr()
    assert main(f"evaluate {bundle_folder} --data {own} --output {page}".split()) == 1
    assert capsys.readouterr().err == (
        f"questiontopic_training: {own}: trained on; name a file that the bundle did not see by --test\n"
    )


def test_a_missing_bundle_is_one_line(data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(f"evaluate {tmp_path}/none --data {data_folder}".split()) == 1
    assert capsys.readouterr().err.endswith(f"questiontopic_training: {tmp_path}/none: no such bundle folder\n")


def test_reports_need_no_tensorflow() -> None:
    code = (
        "import sys, questiontopic_training.__main__, questiontopic_training.report.commands as c;"
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == 0
