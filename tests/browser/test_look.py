"""The gateway's page can be read: on a phone, light and dark, and by axe's rules for people with a disability."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from server_process import ROOT

from .conftest import pages
from .test_files import choose, label
from .test_questions import ask

AXE = ROOT / ".tools" / "node_modules" / "axe-core" / "axe.min.js"
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 320, "height": 640}, "has_touch": True},
}


@pytest.fixture(scope="module", params=LOOKS)
def full(browser: Browser, url: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page with everything on it that it can show: answers, a labelled file, and a problem."""
    with pages(browser) as open_page:
        page = open_page(url, **LOOKS[request.param])
        choose(page, f"a,{'A column with a long name ' * 4}\nWho?,When?\n")
        expect(label(page)).to_be_visible()
        word = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen" * 2
        expect(ask(page, f"Who wrote Ulysses?\nWas ist ein {word}?")).to_have_count(2)
        for finer in page.get_by_text("Finer: ").all():
            finer.click()
        page.evaluate("document.querySelector('#problem').textContent = 'The server is away. Try again in a moment.'")
        yield page


def test_nothing_is_wider_than_the_window(full: Page) -> None:
    width, window = full.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert width <= window


def test_a_share_stands_in_one_line(full: Page) -> None:
    shares = full.locator(".share")
    assert "100.0 %" in shares.all_inner_texts()  # The widest one.
    assert len({share.bounding_box()["height"] for share in shares.all()}) == 1


def test_the_page_is_dark_where_the_user_likes_it(full: Page) -> None:
    colour = full.evaluate("getComputedStyle(document.body).backgroundColor")
    dark = full.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert colour == ("rgb(20, 23, 29)" if dark else "rgb(255, 255, 255)")


@pytest.mark.skipif(not AXE.exists(), reason="no axe-core: `make browser-test` installs it where npm is")
def test_axe_finds_no_fault(full: Page) -> None:
    full.evaluate(AXE.read_text("utf-8"))
    found = full.evaluate("axe.run()")
    assert len(found["passes"]) > 20
    faults = [(rule["impact"], rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]]
    assert faults == []
