from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from questiontopic.v1.topic_pb2 import PredictTopicRequest
from questiontopic_server.decoding import decode
from questiontopic_server.errors import FieldError


@given(st.lists(st.binary(max_size=20), max_size=10))
def test_the_first_text_that_is_not_utf8_is_named(texts: list[bytes]) -> None:
    message = b"".join(b"\x0a" + bytes([len(text)]) + text for text in texts)
    wrong = [index for index, text in enumerate(texts) if text.decode(errors="replace").encode() != text]
    if wrong:
        with pytest.raises(FieldError, match="must be valid UTF-8") as raised:
            decode(PredictTopicRequest, message)
        assert raised.value.field == f"texts[{wrong[0]}]"
    else:
        assert list(decode(PredictTopicRequest, message).texts) == [text.decode() for text in texts]


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_a_field_error(message: bytes) -> None:
    try:
        decode(PredictTopicRequest, message)
    except FieldError as error:
        assert error.description
