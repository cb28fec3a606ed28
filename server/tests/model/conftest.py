from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def time_limit() -> Iterator[None]:
    """Interrupts a test that waits for ever, for example for a pipe's writer."""

    def interrupt(*_: object) -> None:
        raise AssertionError("the test took more than 20 seconds")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 20)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "bundle"
