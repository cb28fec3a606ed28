"""The Go command, the Python command and grpcurl print the same confidences, digit for digit at 6 places."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping

import pytest
from google.protobuf import json_format
from server_process import ServerProcess

from questiontopic.v1.topic_pb2 import PredictTopicResponse, TopicConfidences

TEXTS = ["Where do you work now?", "What is your salary?", "what does WLAN stand for", "您的工资是多少？"]


def _jsonl(command: list[str], server: ServerProcess, texts: list[str], level: str) -> str:
    flags = ["--address", server.address, "--label-level", level, "--output", "jsonl"]
    return subprocess.run([*command, *flags, *texts], check=True, capture_output=True, text=True).stdout


def _places(confidences: Mapping[str, float]) -> dict[str, str]:
    return {label: f"{value:.6f}" for label, value in confidences.items()}


@pytest.mark.parametrize("text", TEXTS)
def test_three_callers_one_answer(
    server: ServerProcess, grpcurl: str, go_command: list[str], python_command: list[str], text: str
) -> None:
    data = json.dumps({"texts": [text], "labelLevel": "LABEL_LEVEL_BOTH"})
    call = [grpcurl, "-plaintext", "-d", data, server.address, "questiontopic.v1.TopicService/PredictTopic"]
    answer = json_format.Parse(
        subprocess.run(call, check=True, capture_output=True, text=True).stdout, PredictTopicResponse()
    )
    go, python = (_jsonl(command, server, [text], "both") for command in (go_command, python_command))
    assert go == python
    printed = json.loads(go)
    for level in ("coarse", "fine"):
        wanted: TopicConfidences = getattr(answer.predictions[0], level)
        assert printed[level]["topTopic"] == wanted.top_topic
        assert _places(printed[level]["confidences"]) == _places(wanted.confidences)


@pytest.mark.parametrize("output", ["table", "jsonl"])
@pytest.mark.parametrize("level", ["coarse", "fine", "both"])
def test_the_two_commands_print_the_same_bytes(
    server: ServerProcess, go_command: list[str], python_command: list[str], output: str, level: str
) -> None:
    lines = "\n".join([*TEXTS, "", 'a "quoted" <b>text</b> & more', "two\u2028lines", "tab\there", "x" * 1500])
    flags = ["--address", server.address, "--label-level", level, "--output", output]
    flags += ["--texts-per-call", "1", "--in-flight", "1"]
    go, python = (
        subprocess.run([*command, *flags], input=lines.encode(), check=True, capture_output=True).stdout
        for command in (go_command, python_command)
    )
    assert go == python
    assert len(go.splitlines()) == 8 + (output == "table")
