"""An engineer at 3 a.m.: grpcurl, no proto file at hand."""

from __future__ import annotations

import json
import subprocess
from typing import Any, TypeVar

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from server_process import ServerProcess

from questiontopic.v1.topic_pb2 import DescribeModelResponse, FineLabel, Limits, PredictTopicResponse

SERVICE = "questiontopic.v1.TopicService"
M = TypeVar("M", bound=Message)


@pytest.fixture
def call(grpcurl: str, server: ServerProcess) -> Any:
    def run(*arguments: str, data: Any = None) -> str:
        body = [] if data is None else ["-d", json.dumps(data)]
        command = [grpcurl, "-plaintext", "-max-time", "20", *body, server.address, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    return run


def parsed(answer: str, message: type[M]) -> M:
    return json_format.Parse(answer, message())


def test_predict_puts_num_on_top_for_a_salary(call: Any) -> None:
    texts = ["Where do you work now?", "What is your salary?"]
    answer = parsed(call(f"{SERVICE}/PredictTopic", data={"texts": texts}), PredictTopicResponse)
    assert [len(prediction.coarse.confidences) for prediction in answer.predictions] == [6, 6]
    assert answer.predictions[1].coarse.top_topic == "NUM"
    assert not answer.predictions[1].HasField("fine")
    assert answer.model.name == "usem3"
    assert len(answer.model.digest) == 64


def test_list_names_the_services(call: Any) -> None:
    services = call("list").split()
    assert {SERVICE, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"} <= set(services)


def test_describe_shows_the_contract(call: Any) -> None:
    assert "rpc PredictTopic ( .questiontopic.v1.PredictTopicRequest )" in call("describe", SERVICE)
    assert "repeated string texts = 1;" in call("describe", "questiontopic.v1.PredictTopicRequest")


@pytest.mark.parametrize("service", ["", SERVICE])
def test_health_is_serving(call: Any, service: str) -> None:
    assert json.loads(call("grpc.health.v1.Health/Check", data={"service": service})) == {"status": "SERVING"}


def test_describe_model_tells_labels_limits_and_quality(call: Any, model: Any) -> None:
    answer = parsed(call(f"{SERVICE}/DescribeModel", data={}), DescribeModelResponse)
    assert list(answer.coarse_labels) == ["ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"]
    assert len(answer.fine_labels) == 50
    assert FineLabel(name="NUM:money", coarse="NUM") in answer.fine_labels
    limits = Limits(max_texts=512, max_characters=2000, max_message_bytes=16_777_216, max_pieces=model.max_pieces)
    assert answer.limits == limits
    assert answer.model.digest == model.manifest.digest
    assert answer.label_descriptions.keys() == {*answer.coarse_labels, *(label.name for label in answer.fine_labels)}
    assert answer.label_descriptions["ENTY:cremat"] == "inventions, books and other creative pieces"
    assert max(map(len, answer.label_descriptions.values())) <= 60
    assert answer.metrics == model.manifest.metrics
    assert {"en", "zh", "ru"} <= set(answer.languages)
    assert answer.runtime == "onnxruntime"
