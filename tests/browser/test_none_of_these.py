"""The gateway's page says how likely a text belongs to none of the topics, if the model has this score."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from gateway import gateway
from playwright.sync_api import expect
from scored_server import scored_server

from .conftest import Open
from .test_files import choose, downloaded, label
from .test_questions import ask

SCORES = {"What is your salary?": 0.0123, "a toss-up": 0.5, "many thank": 0.9375}


@pytest.fixture(scope="module")
def scored_url() -> Iterator[str]:
    """The URL of a gateway before a server with the score."""
    with scored_server(SCORES) as address, gateway(address) as url:
        yield url


def test_each_question_has_its_score_highlighted_from_a_half_on(open_page: Open, scored_url: str) -> None:
    answers = ask(open_page(scored_url), "\n".join(SCORES))
    lines = answers.locator(".none")
    expect(lines).to_have_text(
        ["None of these topics: 1.2 %", "None of these topics: 50.0 %", "None of these topics: 93.8 %"]
    )
    expect(answers.locator(".none.likely")).to_have_count(2)
    expect(lines.nth(0)).not_to_have_class("none likely")


def test_the_page_explains_the_score(open_page: Open, scored_url: str) -> None:
    page = open_page(scored_url)
    expect(page.locator("#score")).to_be_visible()
    expect(page.locator("#score")).to_contain_text("how likely a text belongs to no topic at all")


def test_a_labelled_file_has_a_column_of_it(open_page: Open, scored_url: str) -> None:
    page = open_page(scored_url)
    choose(page, "question\nmany thank\n \n")
    _, (head, *rows) = downloaded(page, label(page))
    assert head == ["question", "topic", "confidence", "fine_topic", "fine_confidence", "none_of_these", "error"]
    assert rows == [
        ["many thank", "NUM", "1.000000", "NUM:money", "1.000000", "0.937500", ""],
        [" ", "", "", "", "", "", "blank"],
    ]
