"""Bytes to requests: any bytes are a request or an error that names the field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from questiontopic.v1.topic_pb2 import PredictTopicRequest
from questiontopic_server.errors import FieldError
from questiontopic_server.validation import MAX_CHARACTERS, MAX_TEXTS, check_texts, decode

PADDING = b"\xa2\x06\x88\x27" + b"x" * 5000  # An unknown field, so large that the records are checked one by one.


@pytest.mark.parametrize("padding", [b"", PADDING], ids=["small", "large"])
@given(texts=st.lists(st.binary(max_size=20), max_size=10))
def test_the_first_text_that_is_not_utf8_is_named(padding: bytes, texts: list[bytes]) -> None:
    message = padding + b"".join(b"\x0a" + bytes([len(text)]) + text for text in texts)
    wrong = [index for index, text in enumerate(texts) if text.decode(errors="replace").encode() != text]
    if wrong:
        with pytest.raises(FieldError, match="must be valid UTF-8") as raised:
            decode(PredictTopicRequest, message)
        assert raised.value.field == f"texts[{wrong[0]}]"
    else:
        assert list(decode(PredictTopicRequest, message).texts) == [text.decode() for text in texts]


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_a_field_error(message: bytes) -> None:
    for padding in (b"", PADDING):
        try:
            decode(PredictTopicRequest, message + padding)
        except FieldError as error:
            assert error.description


@given(st.lists(st.text(), max_size=20), st.integers(0, 3), st.text(max_size=10))
def test_every_request_is_read_as_it_was_written(texts: list[str], level: int, model: str) -> None:
    request = PredictTopicRequest(texts=texts, label_level=level, model=model)  # type: ignore[arg-type]
    assert decode(PredictTopicRequest, PADDING + request.SerializeToString()).texts == request.texts
    assert decode(PredictTopicRequest, request.SerializeToString()) == request


def test_texts_inside_an_unknown_group_are_not_texts_of_the_request() -> None:
    group = b"\xa3\x06" + b"\x0a\x01\xff" + b"\xa4\x06"
    assert list(decode(PredictTopicRequest, group + b"\x0a\x01a" + PADDING).texts) == ["a"]


@pytest.mark.parametrize(
    ("texts", "field"),
    [
        ([], "texts"),
        (["a", " \t"], "texts[1]"),
        (["a" * (MAX_CHARACTERS + 1)], "texts[0]"),
        (["a", "é" * MAX_CHARACTERS, ""], "texts[2]"),
    ],
)
def test_the_first_text_that_breaks_a_limit_is_named(texts: list[str], field: str) -> None:
    with pytest.raises(FieldError) as raised:
        check_texts(texts)
    assert raised.value.field == field


@pytest.mark.parametrize("number", [MAX_TEXTS, MAX_TEXTS + 1])
def test_the_number_of_texts_is_bounded_before_the_request_is_built(number: int) -> None:
    message = PredictTopicRequest(texts=["a" * 10] * number).SerializeToString()
    if number == MAX_TEXTS:
        assert len(decode(PredictTopicRequest, message).texts) == number
    else:
        with pytest.raises(FieldError, match="texts: must hold at most 512 texts"):
            decode(PredictTopicRequest, message)
