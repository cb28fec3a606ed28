"""`questiontopic label` on CSV and its relatives."""

from __future__ import annotations

from pathlib import Path

import pytest

from questiontopic.command.failure import Failure

from .conftest import Serve
from .labelling import coarse_service, csv_rows, label
from .service import TopicService, refuse_bad

_ADDED = ["topic", "confidence", "label_error"]
_NUM, _HUM = ["NUM", "0.7500", ""], ["HUM", "0.7500", ""]
_BLANK = ["", "", "must have a character that is not white space"]


def _labelled(address: str, folder: Path, content: bytes, *flags: str, name: str = "in.csv") -> bytes:
    (folder / name).write_bytes(content)
    output = folder / f"out{Path(name).suffix}"
    label(address, folder / name, "--output", output, *flags)
    return output.read_bytes()


def test_each_row_keeps_its_fields_and_gets_its_topic(serve: Serve, tmp_path: Path) -> None:
    content = 'id,question,note\n007,"What is\r\nyour salary?"," a ""b"", "\n2,  您是谁？ ,"x\ry"\n'.encode()
    rows = csv_rows(_labelled(serve(coarse_service()), tmp_path, content))
    assert rows == [
        ["id", "question", "note", *_ADDED],
        ["007", "What is\r\nyour salary?", ' a "b", ', *_NUM],
        ["2", "  您是谁？ ", "x\ry", *_HUM],
    ]


def test_fine_columns_are_there_if_the_model_has_fine_labels(serve: Serve, tmp_path: Path) -> None:
    service = TopicService()
    rows = csv_rows(_labelled(serve(service), tmp_path, b"text\nWhat is your salary?\n"))
    assert rows[0] == ["text", "topic", "confidence", "fine_topic", "fine_confidence", "label_error"]
    assert rows[1] == ["What is your salary?", "NUM", "0.7500", "NUM:money", "0.7500", ""]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_makes_the_text_column(serve: Serve, tmp_path: Path, delimiter: str) -> None:
    content = f"a,b;c{delimiter}question{delimiter}d|e\n1{delimiter}Who?{delimiter}2\n".encode()
    if delimiter in ",;|":
        content = content.replace(b"a,b;c", b"abc").replace(b"d|e", b"de")
    rows = csv_rows(_labelled(serve(coarse_service()), tmp_path, content), delimiter)
    assert rows[1] == ["1", "Who?", "2", *_HUM]


def test_a_given_delimiter_is_used(serve: Serve, tmp_path: Path) -> None:
    written = _labelled(serve(coarse_service()), tmp_path, b"a^question\n1^Who, me?\n", "--delimiter", "^")
    assert written == b"a^question^topic^confidence^label_error\n1^Who, me?^HUM^0.7500^\n"


def test_a_byte_order_mark_is_kept(serve: Serve, tmp_path: Path) -> None:
    written = _labelled(serve(coarse_service()), tmp_path, b"\xef\xbb\xbfquestion,a\nWho?,1\n")
    assert written == b"\xef\xbb\xbfquestion,a,topic,confidence,label_error\nWho?,1,HUM,0.7500,\n"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_becomes_utf_8_with_a_mark(serve: Serve, tmp_path: Path, encoding: str) -> None:
    content = "\ufeffid\tquestion\r\n1\t您是谁？\r\n".encode(encoding)
    written = _labelled(serve(coarse_service()), tmp_path, content)
    assert written == "\ufeffid\tquestion\ttopic\tconfidence\tlabel_error\n1\t您是谁？\tHUM\t0.7500\t\n".encode()


def test_lines_that_end_with_a_carriage_return(serve: Serve, tmp_path: Path) -> None:
    rows = csv_rows(_labelled(serve(coarse_service()), tmp_path, b'id,question\r1,Who?\r2,"What\ris your salary?"\r'))
    assert rows[1:] == [["1", "Who?", *_HUM], ["2", "What\ris your salary?", *_NUM]]


def test_empty_trailing_columns_and_fields_are_no_errors(serve: Serve, tmp_path: Path) -> None:
    rows = csv_rows(_labelled(serve(coarse_service()), tmp_path, b"question,,\nWho?,,\nWho?,,,,\n"))
    assert rows == [["question", "", "", *_ADDED], ["Who?", "", "", *_HUM], ["Who?", "", "", *_HUM, "", ""]]


def test_a_field_may_be_larger_than_the_limit_of_the_csv_module(serve: Serve, tmp_path: Path) -> None:
    note = b"x" * 131_073
    written = _labelled(serve(coarse_service()), tmp_path, b"question,note\nWho?," + note + b"\n")
    assert written.endswith(b"\nWho?," + note + b",HUM,0.7500,\n")


def test_a_row_that_cannot_be_labelled_is_kept_with_its_reason(serve: Serve, tmp_path: Path) -> None:
    content = (
        b"id,question\n1, \n2,Wh\xffo?\n3,Who?,more\n4\n\n5," + b"x" * 2001 + b'\n6,What is your salary?\n7,"Who?\n8,me'
    )
    (tmp_path / "in.csv").write_bytes(content)
    done = label(serve(coarse_service()), tmp_path / "in.csv", "--output", tmp_path / "out.csv")
    written = (tmp_path / "out.csv").read_bytes()
    assert b"2,Wh\xffo?,,,not valid UTF-8\n" in written
    rows = csv_rows(written.replace(b"\xff", b""))
    assert [row[:2] for row in rows[1:]] == [
        ["1", " "], ["2", "Who?"], ["3", "Who?"], ["4", ""], ["5", "x" * 2001], ["6", "What is your salary?"],
        ["7", "Who?\n8,me"],
    ]  # fmt: skip
    assert rows[1][2:] == _BLANK
    assert rows[3][2:] == ["", "", "the header has 2 fields, but the row has 3", "more"]
    assert rows[4][4] == "the header has 2 fields, but the row has 1"
    assert rows[5][4] == "must have at most 2000 characters, has 2001: shorten it"
    assert rows[6][2:] == _NUM
    assert rows[7][4] == "a quote is not closed in the row that begins in line 9"
    assert not done.complete
    assert done.notes[0].startswith("7 rows: 1 labelled, 6 with an error; ")
    assert "1 × not valid UTF-8: row 2" in done.notes


def test_a_text_that_the_server_refuses_does_not_end_the_job(serve: Serve, tmp_path: Path) -> None:
    rows = csv_rows(_labelled(serve(coarse_service(refuse_bad)), tmp_path, b"text\nWho?\nbad\nWho?\n"))
    assert [row[1:] for row in rows[1:]] == [_HUM, ["", "", "must be good, not bad"], _HUM]


@pytest.mark.parametrize(
    ("content", "flags", "message"),
    [
        (b"a,b\n1,2\n", [], "name the column of the texts with --text-column; the columns are: 'a', 'b'"),
        (b"a,b\n1,2\n", ["--text-column", "c"], "--text-column: no column is named 'c'; the columns are: 'a', 'b'"),
        (b"text,question\n", [], "more than one column is named question or text: 'text', 'question'"),
        (b"text,text\n", ["--text-column", "text"], "more than one column is named text: 'text', 'text'"),
        (b"", [], "name the column of the texts with --text-column; the columns are: none"),
        (b"text,topic\n", [], "the input has a column 'topic' already: choose other names with --prefix"),
        (b"text,label_error\n", [], "the input has a column 'label_error' already: choose other names with --prefix"),
        (b"text,x_topic\n", ["--prefix", "x_"], "the input has a column 'x_topic' already: choose other names"),
    ],
)
def test_columns_that_do_not_fit_are_named(
    serve: Serve, tmp_path: Path, content: bytes, flags: list[str], message: str
) -> None:
    with pytest.raises(Failure) as failed:
        _labelled(serve(coarse_service()), tmp_path, content, *flags)
    assert str(failed.value).startswith(message)
    assert not (tmp_path / "out.csv").exists()


def test_a_prefix_makes_other_names(serve: Serve, tmp_path: Path) -> None:
    rows = csv_rows(_labelled(serve(coarse_service()), tmp_path, b"text,topic\nWho?,people\n", "--prefix", "my_"))
    assert rows == [["text", "topic", "my_topic", "my_confidence", "my_label_error"], ["Who?", "people", *_HUM]]


def test_a_quote_that_is_not_closed_cannot_fill_the_memory(serve: Serve, tmp_path: Path) -> None:
    content = b'text\nWho?\n"open\n' + (b"x" * 1000 + b"\n") * 17_000
    with pytest.raises(Failure, match=r"row 2, which begins in line 3: .* is a quote not closed\?"):
        _labelled(serve(coarse_service()), tmp_path, content)
    assert (tmp_path / "out.csv").read_bytes() == b"text,topic,confidence,label_error\n"
