"""The page before two models: it offers them, and asks the one that is chosen."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway import gateway
from german_bundle import write_german_bundle
from playwright.sync_api import Page, expect
from server_process import ServerProcess

from .conftest import Open

SALARY = "What is your salary?"


@pytest.fixture(scope="module")
def german(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("bundles") / "german"
    write_german_bundle(folder)
    with ServerProcess(folder) as process:
        yield process


@pytest.fixture(scope="module")
def both(server: str, german: ServerProcess) -> Iterator[str]:
    with gateway(f"usem3={server},german={german.address}") as url:
        yield url


def expect_top(page: Page, top: str) -> None:
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("article").locator("> ul .top")).to_contain_text(top)


def test_the_chosen_model_answers(open_page: Open, both: str) -> None:
    page = open_page(both)
    choice = page.get_by_label("Model", exact=True)
    expect(choice.locator("option")).to_have_text(["usem3", "german"])
    expect(page.locator("#model")).to_contain_text("Model usem3 ")
    page.get_by_label("Questions, one on each line").fill(SALARY)
    expect_top(page, "NUM")
    choice.select_option("german")
    expect(page.locator("#model")).to_contain_text("Model german ")
    expect_top(page, "ZAHL")
    choice.select_option("usem3")
    expect_top(page, "NUM")


def test_a_file_is_labelled_again_by_another_model(open_page: Open, both: str, tmp_path: Path) -> None:
    (tmp_path / "asked.csv").write_text(f"question\n{SALARY}\n", "utf-8")
    page = open_page(both)
    page.get_by_label("Drop a CSV file here, or choose one").set_input_files(tmp_path / "asked.csv")
    for model, top in (("german", "ZAHL"), ("usem3", "NUM"), ("german", "ZAHL")):
        page.get_by_label("Model", exact=True).select_option(model)
        expect(page.locator("#download")).to_be_hidden()
        page.get_by_role("button", name="Label").click()
        with page.expect_download() as downloading:
            page.locator("#download").click()
        text = downloading.value.path().read_text("utf-8-sig")
        assert [row["topic"] for row in csv.DictReader(text.splitlines())] == [top]


def test_one_model_needs_no_choice(open_page: Open, server: str) -> None:
    for backend in (server, f"usem3={server}"):
        with gateway(backend) as url:
            page = open_page(url)
            expect(page.locator("#model")).to_contain_text("Model usem3 ")
            expect(page.get_by_label("Model", exact=True)).to_be_hidden()


def test_a_model_that_is_away_is_told_and_the_other_still_answers(open_page: Open, server: str, tmp_path: Path) -> None:
    write_german_bundle(tmp_path / "german")
    with ServerProcess(tmp_path / "german") as away, gateway(f"usem3={server},german={away.address}") as url:
        page = open_page(url)
        expect(page.locator("#model")).to_contain_text("Model usem3 ")
        away.terminate()
        assert away.wait() == 0
        page.get_by_label("Model", exact=True).select_option("german")
        expect(page.locator("#problem")).to_have_text("The server is away. Try again in a moment.")
        page.get_by_label("Model", exact=True).select_option("usem3")
        expect(page.locator("#problem")).to_be_empty()
        expect_top(page, "NUM")
