"""Texts and models that cannot be sent: the error names the field, and nothing is sent."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from questiontopic import AsyncTopicClient, TopicClient

from .callers import Predict
from .conftest import Serve
from .service import TopicService


@pytest.mark.parametrize("texts", ["What is your salary?", b"What?", None, 5], ids=repr)
def test_one_value_instead_of_a_list_is_a_type_error(predict: Predict, texts: Any) -> None:
    with pytest.raises(TypeError, match=rf"texts must be a list of str, not one {type(texts).__name__}: pass \[text\]"):
        predict("127.0.0.1:1", texts)


@pytest.mark.parametrize("text", [None, float("nan"), b"What?", b"\xff", 5, ["Who?"]], ids=repr)
def test_a_text_that_is_no_str_is_a_type_error(serve: Serve, predict: Predict, text: Any) -> None:
    service = TopicService()
    with pytest.raises(TypeError, match=rf"^texts\[1\] must be str, not {type(text).__name__}$"):
        predict(serve(service), ["Who?", text])
    assert not service.requests


@pytest.mark.parametrize(("text", "index"), [("Who\ud800?", 3), ("\udfff", 0), ("🎉\ud83d\ude00", 1)], ids=ascii)
def test_half_of_a_surrogate_pair_is_a_value_error(serve: Serve, predict: Predict, text: str, index: int) -> None:
    service = TopicService()
    with pytest.raises(ValueError, match=rf"^texts\[2\]: not valid Unicode: .* at index {index}$"):
        predict(serve(service), (each for each in ("Who?", "🎉", text)))
    assert not service.requests


def test_a_model_that_cannot_be_sent_is_refused_by_both_methods() -> None:
    async def describe(model: Any) -> None:
        async with AsyncTopicClient.plaintext("127.0.0.1:1") as client:
            await client.describe_model(model=model)

    wrong: Any = b"usem3"
    with TopicClient.plaintext("127.0.0.1:1") as client:
        for call in (lambda model: client.predict_topic(["Who?"], model=model), client.describe_model):
            with pytest.raises(ValueError, match=r"^model: not valid Unicode: .* at index 0$"):
                call(model="\ud800")
            with pytest.raises(TypeError, match=r"^model must be str, not bytes$"):
                call(model=wrong)
    with pytest.raises(ValueError, match=r"^model: not valid Unicode: .* at index 2$"):
        asyncio.run(describe("us\udc80"))
    with pytest.raises(TypeError, match=r"^model must be str, not bytes$"):
        asyncio.run(describe(wrong))
