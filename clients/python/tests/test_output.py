"""The output formats, for any text."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from questiontopic import Prediction
from questiontopic.bulk.batch import Row
from questiontopic.command.output import JsonLines, Table

# All of Unicode that UTF-8 can hold, with more of the characters that are special in a format.
_SPECIAL = st.sampled_from('\x00\b\t\n\v\f\r\x1b\x1f\x7f\x85"\\/<&\u2028\u2029🎉')
_TEXTS = st.text(st.characters(codec="utf-8") | _SPECIAL)


def _answered(text: str, topic: str) -> Row:
    return Row(1, text, prediction=Prediction(coarse={"top_topic": topic, "confidences": {topic: 0.75}}))


@given(text=_TEXTS, topic=_TEXTS)
def test_a_json_line_gives_back_any_text(text: str, topic: str) -> None:
    line = JsonLines().row(_answered(text, topic))
    assert (line.count("\n"), line[-1]) == (1, "\n")
    assert not {"\r", "\u2028", "\u2029"} & set(line)
    assert json.loads(line) == {
        "text": text,
        "coarse": {"topTopic": topic, "confidences": {topic: 0.75}},
        "truncated": False,
    }


@given(text=_TEXTS)
def test_a_table_row_is_one_line_that_keeps_every_word(text: str) -> None:
    row = Table("coarse").row(_answered(text, "HUM"))
    assert len(row.splitlines()) == 1
    assert row.split() == ["HUM", "0.750000", *text.split()]


@given(text=_TEXTS, reason=_TEXTS)
def test_a_json_line_gives_back_any_text_without_an_answer(text: str, reason: str) -> None:
    line = JsonLines().row(Row(1, text, reason=reason))
    assert (line.count("\n"), line[-1]) == (1, "\n")
    assert json.loads(line) == {"text": text, "error": reason}


def test_labels_are_sorted_by_their_bytes() -> None:
    labels = ["🎉", "z", "Z", "é", "\uffff", "A:b", "A"]
    prediction = Prediction(fine={"top_topic": "A", "confidences": dict.fromkeys(labels, 0.125)})
    printed = json.loads(JsonLines().row(Row(1, "text", prediction=prediction)))["fine"]["confidences"]
    assert list(printed) == sorted(labels, key=str.encode)


def test_a_missing_level_is_left_out() -> None:
    assert (
        JsonLines().row(Row(1, "text", prediction=Prediction(truncated=True))) == '{"text":"text","truncated":true}\n'
    )
