"""The model's process: it lives exactly as long as the server, and the server says when it has gone."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import grpc
import numpy as np
import pytest
from server_process import DEFAULT_BUNDLE, ServerProcess

from questiontopic import TopicClient
from questiontopic.v1.topic_pb2 import PredictTopicRequest
from questiontopic.v1.topic_pb2_grpc import TopicServiceStub
from questiontopic_model.topic_model import TopicModel


def ended(process: int) -> bool:
    for _ in range(200):
        try:
            if Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


def test_a_server_whose_model_has_gone_ends_with_one_line_and_code_1() -> None:
    with ServerProcess() as server:
        (model,) = server.children()
        os.kill(model, signal.SIGKILL)
        assert server.wait() == 1
    assert "questiontopic-server: error: a process of the model ended with exit code -9" in server.log


def test_a_model_that_goes_while_calls_are_drained_is_no_clean_exit() -> None:
    with ServerProcess(DEFAULT_BUNDLE, "--log-level", "debug") as server:
        (model,) = server.children()
        with grpc.insecure_channel(server.address) as channel:
            call = TopicServiceStub(channel).PredictTopic.future(PredictTopicRequest(texts=["Who?"] * 512), timeout=60)
            server.wait_for(re.compile("computing"))
            os.kill(model, signal.SIGSTOP)
            server.terminate()
            server.wait_for(re.compile("draining: 1 calls in flight"))
            os.kill(model, signal.SIGKILL)
            assert call.code() == grpc.StatusCode.UNAVAILABLE
        assert server.wait() == 1
    assert "a process of the model ended with exit code -9" in server.log


def test_two_workers_answer_as_one(model: TopicModel, twenty_thousand: list[str]) -> None:
    texts = twenty_thousand[:500]
    expected = model.predict(texts).coarse
    labels = model.manifest.coarse_labels
    with ServerProcess(DEFAULT_BUNDLE, "--workers", "2") as server:
        assert len(server.children()) == 1
        with TopicClient.plaintext(server.address) as client:
            for _ in range(5):
                predictions = client.predict_topic(texts).predictions
                found = [[each.coarse.confidences[label] for label in labels] for each in predictions]
                assert np.abs(np.array(found) - expected).max() < 1e-4


def test_the_model_ends_with_a_server_that_is_killed() -> None:
    with ServerProcess() as server:
        (model,) = server.children()
        server.process.kill()
        server.process.wait()
        assert ended(model)


def test_ctrl_c_reaches_the_whole_group_and_still_every_call_is_answered() -> None:
    with ServerProcess() as server:
        (model,) = server.children()
        os.kill(model, signal.SIGINT)
        os.kill(model, signal.SIGTERM)
        with TopicClient.plaintext(server.address) as client:
            assert len(client.predict_topic(["Who?"]).predictions) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_loading_leaves_no_process(number: signal.Signals) -> None:
    server = ServerProcess()
    server.start()
    for _ in range(600):
        if found := server.children():
            break
        time.sleep(0.01)
    else:
        pytest.fail("no model process")
    server.process.send_signal(number)
    assert server.wait() == 0, server.log
    assert all(map(ended, found))
