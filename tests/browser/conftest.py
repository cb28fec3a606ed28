"""What the tests in a browser share: Chromium, a server with a gateway, and pages whose console must stay empty."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from gateway import gateway
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from server_process import ServerProcess

Open = Callable[..., Page]
CALLS = "**/questiontopic.v1.TopicService/PredictTopic"

expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium on the PATH")
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=chromium) as browser:
        yield browser


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a server on the default bundle."""
    with ServerProcess() as process:
        yield process.address


@pytest.fixture(scope="session")
def url(server: str) -> Iterator[str]:
    """The URL of a gateway before that server."""
    with gateway(server) as url:
        yield url


@contextmanager
def pages(browser: Browser) -> Iterator[Open]:
    """Gives what opens a page in a window of its own: open_page(url, and settings of Playwright's new_context…).

    At the end of the block the pages must have written nothing to their consoles.
    """
    contexts, written = [], []

    def hear(message: ConsoleMessage) -> None:
        # Chromium itself reports a call that failed. What the page makes of it is what a test looks at.
        if "/questiontopic.v1.TopicService/" not in message.location["url"]:
            written.append(message.text)

    def open_page(url: str, **settings: object) -> Page:
        contexts.append(browser.new_context(**settings))
        page = contexts[-1].new_page()
        page.on("console", hear)
        page.on("pageerror", lambda error: written.append(str(error)))
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert written == []


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    with pages(browser) as open_page:
        yield open_page
