"""Any bytes in a training file are questions or a DataError that names the file: never another error."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from questiontopic_training.data.files import read_questions
from questiontopic_training.data.questions import DataError

STARTS = [b"text,label\n", b"text;label\r\n", b"text\tlabel\r", b'{"text": "a", "label": "b"}\n', b"NUM:date When ?\n"]
SIGNS = [
    b'"',
    b'""',
    b",",
    b";",
    b"\t",
    b"\n",
    b"\r",
    b"\0",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xe2\x80\xa8",
    b"{",
    b"\\u",
]
pieces = st.sampled_from([*STARTS, *SIGNS])
contents = st.lists(pieces | st.binary(max_size=6), max_size=20).map(b"".join)


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "label"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=contents)
def test_any_file(tmp_path: Path, kind: str, content: bytes) -> None:
    file = tmp_path / f"any.{kind}"
    file.write_bytes(content)
    try:
        questions = list(read_questions(file))
    except DataError as error:
        assert str(error).startswith(str(file))
    else:
        assert all(question.text and question.fine for question in questions)
