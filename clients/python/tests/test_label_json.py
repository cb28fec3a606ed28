"""`questiontopic label` on JSON lines, and from one format to another."""

from __future__ import annotations

from pathlib import Path

import pytest

from questiontopic.command.failure import Failure

from .conftest import Serve
from .labelling import coarse_service, csv_rows, json_rows, label

_HUM = '"topic":"HUM","confidence":0.7500,"label_error":null'
_NONE = {"topic": None, "confidence": None}


def _labelled(address: str, folder: Path, content: str | bytes, to: str, *flags: str, name: str = "in.jsonl") -> bytes:
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    label(address, folder / name, "--output", folder / to, *flags)
    return (folder / to).read_bytes()


def test_an_object_stays_as_it_is_and_gets_members(serve: Serve, tmp_path: Path) -> None:
    content = '{"text": "Who\\u003f", "n": 1.10, "big": 12345678901234567890, "o": {"b": [ ] }}\r\n\n {"text":"Who"} \n'
    written = _labelled(serve(coarse_service()), tmp_path, content, "out.jsonl").decode()
    assert written == (
        '{"text": "Who\\u003f", "n": 1.10, "big": 12345678901234567890, "o": {"b": [ ] },' + _HUM + "}\n"
        '{"text":"Who",' + _HUM + "}\n"
    )


def test_a_line_that_is_no_object_is_kept_with_its_reason(serve: Serve, tmp_path: Path) -> None:
    content = (
        b'broken\n{"text":"Who?","n":1}\n[1]\n{"n":2}\n{"text":3}\n{"text":"\xff"}\n{"text":"\\ud800"}\n{"text":""}\n'
    )
    rows = json_rows(_labelled(serve(coarse_service()), tmp_path, content, "out.jsonl"))
    errors = [str(row["label_error"]) for row in rows]
    assert errors[0].startswith("not valid JSON: Expecting value")
    assert errors[1:6] == [
        "None", "not a JSON object", "has no member 'text'", "the member 'text' is not a string", "not valid UTF-8",
    ]  # fmt: skip
    assert "not valid Unicode" in errors[6]
    assert errors[7] == "must have a character that is not white space"
    assert rows[0] == {"text": None, "n": None, **_NONE, "label_error": errors[0], "label_extra": ["broken"]}
    assert rows[2]["label_extra"] == ["[1]"]
    assert rows[3] == {"n": 2, **_NONE, "label_error": "has no member 'text'"}
    assert rows[5]["label_extra"] == ['{"text":"\ufffd"}']


def test_json_lines_become_csv_with_the_columns_of_the_first_object(serve: Serve, tmp_path: Path) -> None:
    content = '{"text":"Who?","n":1.5,"o":{"b":[null,true]}}\nbroken\n{"o":null,"text":"a\\nb","x":7}\n{"text":"Who"}\n'
    rows = csv_rows(_labelled(serve(coarse_service()), tmp_path, content, "out.csv"))
    assert rows[:2] == [
        ["text", "n", "o", "topic", "confidence", "label_error"],
        ["Who?", "1.5", '{"b": [null, true]}', "HUM", "0.7500", ""],
    ]
    assert rows[2][-1] == "broken"
    assert rows[3] == ["a\nb", "", "", "", "", "has members that the first row has not: 'x'", "7"]
    assert rows[4] == ["Who", "", "", "HUM", "0.7500", ""]


def test_csv_becomes_json_lines(serve: Serve, tmp_path: Path) -> None:
    content = b"\xef\xbb\xbfid;text\n007;Wh\xc3\xb6?\n1;a\xff;b\n"
    rows = json_rows(_labelled(serve(coarse_service()), tmp_path, content, "out.jsonl", name="in.csv"))
    assert rows[0] == {"id": "007", "text": "Whö?", "topic": "HUM", "confidence": 0.75, "label_error": None}
    assert rows[1] == {
        "id": "1", "text": "a\ufffd", **_NONE, "label_error": "not valid UTF-8", "label_extra": ["b"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("out.tsv", b"id\ttext\ttopic\tconfidence\tlabel_error\n1\tWho; me?\tHUM\t0.7500\t\n"),
        ("out.csv", b'id;text;topic;confidence;label_error\n1;"Who; me?";HUM;0.7500;\n'),
        ("out.txt", b'id;text;topic;confidence;label_error\n1;"Who; me?";HUM;0.7500;\n'),
    ],
)
def test_the_name_of_the_output_is_its_format(serve: Serve, tmp_path: Path, to: str, expected: bytes) -> None:
    assert _labelled(serve(coarse_service()), tmp_path, 'id;text\n1;"Who; me?"\n', to, name="in.csv") == expected


@pytest.mark.parametrize(
    ("content", "to", "message"),
    [
        ('{"a":1}\n', "out.jsonl", "name the column of the texts with --text-column; the columns are: 'a'"),
        ("x\n" * 200, "out.jsonl", "none of the first 100 lines is a JSON object; the first one: not valid JSON"),
        ("x\n", "out.jsonl", "none of the first 1 lines is a JSON object"),
        (
            '{"text":"","topic":1}\n',
            "out.jsonl",
            "the input has a column 'topic' already: choose other names with --prefix",
        ),
        (
            '{"text":""}\n{"text":"","label_extra":1}\n',
            "out.jsonl",
            "row 2 has a member 'label_extra' already: choose other names with --prefix",
        ),
    ],
)
def test_members_that_do_not_fit_are_named(serve: Serve, tmp_path: Path, content: str, to: str, message: str) -> None:
    with pytest.raises(Failure) as failed:
        _labelled(serve(coarse_service()), tmp_path, content, to)
    assert str(failed.value).startswith(message)


def test_columns_of_the_same_name_cannot_become_members(serve: Serve, tmp_path: Path) -> None:
    with pytest.raises(Failure, match="more than one column 'a', which JSON lines cannot have"):
        _labelled(serve(coarse_service()), tmp_path, "a,text,a\n1,Who?,2\n", "out.jsonl", name="in.csv")


def test_an_empty_file_of_json_lines_has_no_rows(serve: Serve, tmp_path: Path) -> None:
    assert _labelled(serve(coarse_service()), tmp_path, "\n\n", "out.jsonl") == b""
