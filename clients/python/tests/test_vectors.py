"""Runs the contract's test vectors with both clients and a real server. The Go client runs the same vectors."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format

from questiontopic import LabelLevel, PredictTopicResponse, TopicConfidences, TopicError

from .callers import Predict

_VECTORS = Path(__file__).parents[3] / "tests" / "vectors"


def _vectors() -> Iterator[Any]:
    for path in sorted(_VECTORS.glob("*.json")):
        for vector in json.loads(path.read_text())["vectors"]:
            yield pytest.param(vector, id=f"{path.stem}: {vector['name']}")


def _texts(text: str | dict[str, Any]) -> list[str]:
    if isinstance(text, str):
        return [text]
    if "repeat" in text:
        return [text["repeat"] * text["times"]]
    return [text["of"]] * text["copies"]


def _answer(predict: Predict, server: str, vector: dict[str, Any]) -> PredictTopicResponse:
    request = dict(vector["request"])
    texts = [text for each in request.pop("texts") for text in _texts(each)]
    level = request.pop("labelLevel", 0)
    model = request.pop("model", "")
    assert not request, "the vector has unknown keys"
    return predict(
        server,
        texts,
        label_level=LabelLevel.Value(level) if isinstance(level, str) else level,
        model=model,
        timeout=vector.get("deadlineMilliseconds", 10_000) / 1000,
    )


def _assert_equal(answer: TopicConfidences, wanted: TopicConfidences, tolerance: float) -> None:
    assert answer.top_topic == wanted.top_topic
    assert dict(answer.confidences) == pytest.approx(dict(wanted.confidences), abs=tolerance, rel=0)
    assert math.fsum(answer.confidences.values()) == pytest.approx(1, abs=1e-5, rel=0)


def test_there_are_vectors() -> None:
    assert list(_vectors())


@pytest.mark.parametrize("vector", list(_vectors()))
def test_a_vector(real_server: str, predict: Predict, vector: dict[str, Any]) -> None:
    expect = vector["expect"]
    if expect["code"] != "OK":
        with pytest.raises(TopicError) as caught:
            _answer(predict, real_server, vector)
        assert caught.value.code.name == expect["code"]
        assert caught.value.reason == expect.get("reason", "")
        assert [violation.field for violation in caught.value.violations] == (
            [expect["field"]] if "field" in expect else []
        )
        return
    wanted = json_format.ParseDict(expect["response"], PredictTopicResponse())
    answer = _answer(predict, real_server, vector)
    assert answer.model.name
    assert len(answer.predictions) == len(wanted.predictions)
    for ours, theirs in zip(answer.predictions, wanted.predictions, strict=True):
        assert ours.truncated == theirs.truncated
        assert ours.HasField("none_of_these") == theirs.HasField("none_of_these")
        assert ours.none_of_these == pytest.approx(theirs.none_of_these, abs=expect["tolerance"])
        for level in ("coarse", "fine"):
            assert ours.HasField(level) == theirs.HasField(level)
            if theirs.HasField(level):
                _assert_equal(getattr(ours, level), getattr(theirs, level), expect["tolerance"])
