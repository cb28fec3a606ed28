"""The fixture `topic_server` for the tests of an application. pytest loads it by itself where the client is installed.

It lies outside of `questiontopic`, so that tests that do not use it do not import gRPC.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from questiontopic.testing import TopicServer


@pytest.fixture
def topic_server() -> Iterator[TopicServer]:
    """A server on 127.0.0.1 until the test ends. It answers what the test says: see `questiontopic.testing`."""
    from questiontopic.testing import TopicServer

    with TopicServer() as server:
        yield server
