"""The model's process: it lives exactly as long as the server, and the server says when it has gone."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from server_process import ServerProcess

from questiontopic import TopicClient


def children(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


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
        (model,) = children(server.process.pid)
        os.kill(model, signal.SIGKILL)
        assert server.wait() == 1
    assert "questiontopic-server: error: the model's process ended with exit code -9" in server.log


def test_the_model_ends_with_a_server_that_is_killed() -> None:
    with ServerProcess() as server:
        (model,) = children(server.process.pid)
        server.process.kill()
        server.process.wait()
        assert ended(model)


def test_ctrl_c_reaches_the_whole_group_and_still_every_call_is_answered() -> None:
    with ServerProcess() as server:
        (model,) = children(server.process.pid)
        os.kill(model, signal.SIGINT)
        os.kill(model, signal.SIGTERM)
        with TopicClient.plaintext(server.address) as client:
            assert len(client.predict_topic(["Who?"]).predictions) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_loading_leaves_no_process(number: signal.Signals) -> None:
    server = ServerProcess()
    server.start()
    for _ in range(600):
        if found := children(server.process.pid):
            break
        time.sleep(0.01)
    else:
        pytest.fail("no model process")
    server.process.send_signal(number)
    assert server.wait() == 0, server.log
    assert ended(found[0])
