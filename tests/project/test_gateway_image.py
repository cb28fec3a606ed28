"""The image of the gateway: small, not root, without a shell, and its page answers although no server does."""

from __future__ import annotations

import json
import os

import pytest
from image import NEEDS_ENGINE, Container, build, check_structure, docker, opened, size

pytestmark = NEEDS_ENGINE


@pytest.fixture(scope="module")
def image() -> str:
    return build(os.environ["BASE_IMAGE"], "gateway", "--target", "gateway")


def test_is_at_most_thirty_megabytes(image: str) -> None:
    assert size(image) <= 30_000_000


def test_has_the_structure_that_it_should(image: str) -> None:
    check_structure(image, "gateway")


def test_serves_the_page_read_only_without_root_and_stops_cleanly(image: str) -> None:
    assert docker("image", "inspect", "--format", "{{.Config.User}}", image) == "65532:65532"
    locked = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
    with Container(image, *locked, "--publish", "127.0.0.1::8888", port=8888) as container:
        url = f"http://{container.address}"
        status, page = opened(url)
        assert (status, "What does a question ask for?" in page) == (200, True)
        status, answer = opened(f"{url}/predict_topic", b'{"rawtext_list": ["Who?"]}')
        assert (status, json.loads(answer)["code"]) == (503, "unavailable")
        assert container.stop() == 0, container.log
