from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import grpc
import pytest
import trustme
from pytest_questiontopic import topic_server as topic_server

from .callers import Many, Predict, many_aio, many_sync, predict_aio, predict_sync
from .crowd import Tasks, Threads
from .server_process import server_process
from .service import TopicService

Serve = Callable[..., str]


@pytest.fixture(autouse=True, scope="session")
def interruptible() -> None:
    """Lets the tests' processes receive SIGINT, which a shell ignores for `pytest &` and its child processes."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(params=[predict_sync, predict_aio], ids=["sync", "aio"])
def predict(request: pytest.FixtureRequest) -> Predict:
    caller: Predict = request.param
    return caller


@pytest.fixture(params=[many_sync, many_aio], ids=["sync", "aio"])
def many(request: pytest.FixtureRequest) -> Many:
    caller: Many = request.param
    return caller


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves a TopicService in this process until the test ends, and returns the address."""
    with ExitStack() as stack:

        def start(service: TopicService, credentials: grpc.ServerCredentials | None = None) -> str:
            stack.callback(service.close)
            service.start(credentials)
            return service.address

        yield start


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def stranger() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def real_server() -> Iterator[str]:
    """The address of a question-topic server process. Skips the test if no server is configured."""
    with server_process() as address:
        yield address


@pytest.fixture(params=[Threads, Tasks], ids=["sync", "aio"])
def kind(request: pytest.FixtureRequest) -> type[Threads | Tasks]:
    chosen: type[Threads | Tasks] = request.param
    return chosen
