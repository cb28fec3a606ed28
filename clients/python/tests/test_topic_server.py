"""`topic_server`: a fixture with which the tests of an application replace the server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import grpc
import pytest

from questiontopic import LABEL_LEVEL_BOTH, FieldViolation, TopicError
from questiontopic.testing import TopicServer

pytest_plugins = ["pytester"]

_APPLICATION = """
from questiontopic import TopicClient


def route(address, question):
    with TopicClient.plaintext(address) as client:
        topics = client.predict([question])[0]
    return "billing" if topics.topic == "NUM" and topics.confidence > 0.6 else "people"
"""
_TESTS = """
import threading

import grpc
import pytest
from questiontopic import TopicError

from application import route


def test_a_question_about_a_number_goes_to_billing(topic_server):
    topic_server.topics = {"What does it cost?": "NUM:money"}
    assert route(topic_server.address, "What does it cost?") == "billing"
    assert topic_server.texts == ["What does it cost?"]


def test_an_unsure_answer_goes_to_people(topic_server):
    topic_server.topics = lambda question: {"NUM:money": 0.55, "HUM:ind": 0.45}
    assert route(topic_server.address, "What?") == "people"


def test_a_server_that_fails(topic_server):
    topic_server.error = TopicError(grpc.StatusCode.INTERNAL, "our fault")
    with pytest.raises(TopicError, match="our fault"):
        route(topic_server.address, "What?")


def test_a_slow_server(topic_server):
    go_on = threading.Event()
    topic_server.topics = lambda question: "NUM" if go_on.wait(30) else "HUM"
    with topic_server.client as client:
        with pytest.raises(TopicError, match="DEADLINE_EXCEEDED"):
            client.predict(["What?"], timeout=0.1)
        go_on.set()
"""


def test_an_application_uses_the_fixture_of_the_installed_client(tmp_path: Path) -> None:
    package = tmp_path / "package"
    shutil.copytree(Path(__file__).parents[1], package, ignore=shutil.ignore_patterns("*.egg-info", "build"))
    folder = tmp_path / "application"
    folder.mkdir()
    (folder / "application.py").write_text(_APPLICATION)
    (folder / "test_application.py").write_text(_TESTS)
    offline = ["--quiet", "--no-deps", "--no-build-isolation", "--target", str(tmp_path / "installed")]
    subprocess.run([sys.executable, "-m", "pip", "install", *offline, str(package)], check=True)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1].startswith("4 passed"), done.stdout


def test_the_plugin_is_light_to_load() -> None:
    program = "import sys, pytest_questiontopic; print({'grpc', 'google', 'questiontopic'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_each_test_has_a_server_of_its_own(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_first(topic_server):
            topic_server.topics = {"Who?": "HUM"}
            assert topic_server.client.predict(["Who?"])[0].topic == "HUM"

        def test_second(topic_server):
            assert (topic_server.topics, topic_server.requests) == ({}, [])
        """
    )
    pytester.runpytest_subprocess("-p", "pytest_questiontopic").assert_outcomes(passed=2)


def test_a_text_without_a_topic_names_the_fix(topic_server: TopicServer) -> None:
    topic_server.topics = {"Who?": "HUM"}
    with pytest.raises(TopicError) as caught:
        topic_server.client.predict(["Who?", "What?"])
    assert str(caught.value) == ("INVALID_ARGUMENT: texts[1]: the test's topic_server.topics has no topic for 'What?'")


@pytest.mark.parametrize(
    ("texts", "field"), [([" "], "texts[0]"), (["Who?", "a" * 2001], "texts[1]"), ([], "texts"), (["a"] * 513, "texts")]
)
def test_the_limits_are_those_of_the_contract(topic_server: TopicServer, texts: list[str], field: str) -> None:
    topic_server.topics = lambda text: "HUM"
    with pytest.raises(TopicError) as caught:
        topic_server.client.predict_topic(texts)
    assert [violation.field for violation in caught.value.violations] == [field]
    assert topic_server.client.predict_topic(["a" * 2000] * 512).predictions


def test_an_error_keeps_all_its_details(topic_server: TopicServer) -> None:
    sent = TopicError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "busy",
        violations=[FieldViolation("texts[0]", "must wait")],
        reason="BUSY",
        request_id="7f3a",
        retry_after=1.25,
    )
    topic_server.error = sent
    with pytest.raises(TopicError) as caught:
        topic_server.client.predict_topic(["Who?"])
    assert vars(caught.value) == vars(sent)
    topic_server.error = None
    topic_server.topics = {"Who?": "HUM"}
    assert topic_server.client.predict(["Who?"])[0].topic == "HUM"


def test_the_model_has_the_labels_of_the_answers(topic_server: TopicServer) -> None:
    topic_server.topics = {"How much?": "NUM:money", "Who?": {"HUM:ind": 0.75, "HUM:gr": 0.25}}
    described = topic_server.client.describe_model()
    assert list(described.coarse_labels) == ["HUM", "NUM"]
    assert [label.name for label in described.fine_labels] == ["HUM:gr", "HUM:ind", "NUM:money"]
    with pytest.raises(TopicError, match="NOT_FOUND") as caught:
        topic_server.client.predict_topic(["Who?"], label_level=LABEL_LEVEL_BOTH, model="other")
    assert caught.value.reason == "MODEL_NOT_FOUND"
