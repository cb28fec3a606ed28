"""`Labeller`: columns for a batch of any kind, in every process that gets a copy."""

from __future__ import annotations

import multiprocessing
import pickle
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

import grpc
import numpy as np
import pytest

from questiontopic import LABEL_LEVEL_COARSE, Labeller, TopicClient, TopicError
from questiontopic.labelling import Predict
from questiontopic.testing import TopicServer


def _load(loaded: list[int]) -> Predict:
    """A model: a text's topic is the text. It notes the sizes of its batches after a zero."""
    loaded.append(0)

    def predict(texts: Sequence[str]) -> list[tuple[dict[str, float], dict[str, float], bool]]:
        loaded.append(len(texts))
        return [({"HUM": 0.25, text: 0.75}, {}, False) for text in texts]

    return predict


def test_a_server_gives_the_columns(topic_server: TopicServer) -> None:
    topic_server.topics = {"Who?": "HUM:ind", "How much?": {"NUM:money": 0.75, "NUM:count": 0.25}}
    label = Labeller(partial(TopicClient.plaintext, topic_server.address), texts_per_call=2, in_flight=1)
    assert label(["Who?", None, "How much?", ""]) == {  # type: ignore[list-item]
        "topic": ["HUM", "", "NUM", ""],
        "confidence": [1.0, 0.0, 1.0, 0.0],
        "fine_topic": ["HUM:ind", "", "NUM:money", ""],
        "fine_confidence": [1.0, 0.0, 0.75, 0.0],
        "error": ["", "must be str, not NoneType", "", "must have a character that is not white space"],
    }
    assert label([])["topic"] == []


def test_the_options_are_those_of_predict_many(topic_server: TopicServer) -> None:
    topic_server.topics = {"Who?": "HUM:ind"}
    source = partial(TopicClient.plaintext, topic_server.address)
    copied = pickle.loads(pickle.dumps(Labeller(source, label_level=LABEL_LEVEL_COARSE, model="test")))
    assert copied(["Who?"])["fine_topic"] == [""]
    assert topic_server.requests[0].model == "test"


def test_a_model_in_this_process_gives_the_columns() -> None:
    loaded: list[int] = []
    label = Labeller(partial(_load, loaded))
    assert not loaded
    assert label(["a", " ", "b", "c" * 2001]) == {
        "topic": ["a", "", "b", ""],
        "confidence": [0.75, 0.0, 0.75, 0.0],
        "fine_topic": [""] * 4,
        "fine_confidence": [0.0] * 4,
        "error": [
            "",
            "must have a character that is not white space",
            "",
            "must have at most 2000 characters, has 2001: shorten it",
        ],
    }
    assert label([""])["error"] != [""]
    assert label(map(str, range(600)))["topic"] == [str(i) for i in range(600)]
    assert loaded == [0, 2, 256, 256, 88]


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_each_process_opens_a_connection_of_its_own(topic_server: TopicServer, method: str) -> None:
    topic_server.topics = lambda text: text
    label = Labeller(partial(TopicClient.plaintext, topic_server.address))
    context = multiprocessing.get_context(method)
    batches = [[f"T{i}", f"U{i}"] for i in range(20)]
    with ProcessPoolExecutor(2, context) as processes:
        found = list(processes.map(label, batches))
    assert [columns["topic"] for columns in found] == batches


def test_a_forked_process_does_not_use_what_its_parent_opened() -> None:
    program = """
import multiprocessing
import os
from questiontopic import Labeller

def load():
    number = os.getpid()
    return lambda texts: [({str(number): 1.0}, {}, False) for _ in texts]

def check():
    assert label(["a"])["topic"] == [str(os.getpid())]

label = Labeller(load)
check()
child = multiprocessing.get_context("fork").Process(target=check)
child.start()
child.join()
print(child.exitcode)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_threads_share_one_model() -> None:
    loaded: list[int] = []
    both = threading.Barrier(2)

    def load() -> Predict:
        with suppress(threading.BrokenBarrierError):  # A second thread must not come in.
            both.wait(timeout=0.5)
        return _load(loaded)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(Labeller(load), [["a"]] * 50))
    assert loaded.count(0) == 1


def test_a_failed_call_is_an_error_of_the_batch(topic_server: TopicServer) -> None:
    topic_server.error = TopicError(grpc.StatusCode.INTERNAL, "our fault")
    label = Labeller(partial(TopicClient.plaintext, topic_server.address))
    with pytest.raises(TopicError, match="INTERNAL: our fault"):
        label(["Who?"])
    topic_server.error, topic_server.topics = None, {"Who?": "HUM"}
    assert label(["Who?"])["topic"] == ["HUM"]


def test_any_kind_of_column_is_a_batch() -> None:
    columns: list[Any] = [("a", "b"), np.array(["a", "b"]), np.array(["a", "b"], dtype=object), iter(["a", "b"])]
    for column in columns:
        assert Labeller(partial(_load, []))(column)["topic"] == ["a", "b"]
    with pytest.raises(TypeError, match=r"texts must be a list of str, not one str: pass \[text\]"):
        Labeller(partial(_load, []))("a")
