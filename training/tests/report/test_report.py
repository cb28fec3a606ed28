from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np

from questiontopic_training.report.curve import Curve, Point
from questiontopic_training.report.report import Report, sentence
from questiontopic_training.report.share import Share
from questiontopic_training.report.subject import NoneScores

from .subjects import Answered, subject

ANSWERS: list[Answered] = [
    ("Which cat is a lion ?", "CAT:big", "CAT:big", 0.95),
    ("Which cat is a tiger ?", "CAT:big", "CAT:small", 0.85),
    ("Which cat is a puma ?", "CAT:big", "CAT:small", 0.75),
    ("Which dog is a mastiff ?", "DOG:big", "DOG:big", 0.9),
    ("Which dog <script>alert('&')</script> barks ?", "DOG:big", "CAT:small", 0.98),
]


class Resources(HTMLParser):
    """The addresses that a page loads, and its tags."""

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


def test_about_0_8_counts_answers_from_0_7_to_below_0_9() -> None:
    _, fine = subject("pets", ANSWERS).levels()
    assert sentence(fine).startswith("Only 2 answers")


def test_the_page_loads_and_runs_nothing() -> None:
    found = resources(Report(subject("pets", ANSWERS), "pets.csv").html())
    assert found.loaded
    assert all(value.startswith(("data:", "#")) for value in found.loaded)
    assert not {"script", "iframe", "object", "embed"} & set(found.tags)


def test_labels_are_explained_where_they_are_described() -> None:
    pets = subject("pets", ANSWERS)
    assert "What the label stands for" not in Report(pets, "pets.csv").html()
    described = replace(pets.manifest, label_descriptions={"CAT": "cats & co", "CAT:big": "lions, tigers and pumas"})
    page = Report(replace(pets, manifest=described), "pets.csv").html()
    assert page.count("What the label stands for") == 2
    assert "<td>cats &amp; co</td>" in page
    assert "<td>lions, tigers and pumas</td>" in page


def test_questions_are_escaped() -> None:
    page = Report(subject("pets", ANSWERS), "<b>.csv").html()
    assert "&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;" in page
    assert "<script" not in page
    assert "<b>.csv" not in page


def test_figures_are_in_the_page_and_always_the_same(tmp_path: Path) -> None:
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


def test_too_many_labels_for_a_matrix_make_a_table() -> None:
    names = tuple(f"l{number:02}" for number in range(30))
    answers: list[Answered] = [(f"Which {name} ?", name, "l07", 0.5) for name in names]
    page = Report(subject("many", answers, names, two_levels=False), "many.csv").html()
    assert "Most frequent confusions of coarse labels" in page
    assert page.count("data:image/svg+xml;base64,") == 1


def test_the_page_shows_the_score_none_of_these_and_the_translations() -> None:
    pets = subject("pets", ANSWERS)
    assert "None of these" not in Report(pets, "pets.csv").html()
    scores = NoneScores(
        np.array([0.1, 0.2, 0.9, 0.1], np.float32), {"noise": np.array([0.8, 0.7, 0.2, 0.9], np.float32)}
    )
    translated = {"xquad.tsv": {"de": {"questions": 40, "agreement": 0.85}, "el": {"questions": 4, "agreement": 0.5}}}
    manifest = replace(pets.manifest, languages=("en", "de"), evaluation={"translations": translated})
    page = Report(replace(pets, manifest=manifest, none_scores=scores), "pets.csv").html()
    assert "keeps 75.0% of the test questions and flags 75.0% of the other texts" in page
    assert '<td>noise</td><td class="n">4</td><td class="n">75.0%</td>' in page
    assert '<td>German</td><td class="n">85.0% of 40</td>' in page
    assert page.index("German") < page.index("Greek (not supported)")
