import tracemalloc
from pathlib import Path

import pytest

from questiontopic_training.data.files import read_questions
from questiontopic_training.data.lines import read_lines
from questiontopic_training.data.questions import DataError


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_usual_end_ends_a_line(tmp_path: Path, end: str) -> None:
    path = tmp_path / "rows.label"
    path.write_bytes(f"buy Where?{end}{end}sell Wo \x85 \u2028?{end}".encode())
    assert [(one.fine, one.text, one.line) for one in read_questions(path)] == [
        ("buy", "Where?", 1),
        ("sell", "Wo \x85 \u2028?", 3),
    ]


@pytest.mark.parametrize("end", ["\r", "\r\n"])
def test_line_numbers_count_the_line_ends_within_quotes(tmp_path: Path, end: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(end.join(["text,label", '"two', 'lines",x', '"one\nmore",x', ",x"]).encode())
    with pytest.raises(DataError, match=r"rows\.csv:6: empty text"):
        list(read_questions(path))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["rows.csv", "rows.tsv", "rows.jsonl", "rows.label"])
def test_utf_16_is_named_with_the_fix(tmp_path: Path, encoding: str, name: str) -> None:
    path = tmp_path / name
    path.write_bytes("text,label\n".encode(encoding))
    with pytest.raises(DataError) as caught:
        list(read_questions(path))
    fix = "looks like UTF-16, not UTF-8; save the file as UTF-8; Excel names it CSV UTF-8"
    assert str(caught.value) == f"{path}:1: {fix}"


def test_lines_before_a_line_that_is_not_utf_8_are_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.label"
    path.write_bytes(b"\xef\xbb\xbfone\rcaf\xe9\r")
    lines = read_lines(path)
    assert next(lines) == (1, "one\r")
    with pytest.raises(DataError, match=r"rows\.label:2: not UTF-8; save the file as UTF-8$"):
        next(lines)


def test_lines_are_read_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "rows.label"
    path.write_bytes(b"buy Where?\r" * 1_000_000)
    tracemalloc.start()
    try:
        assert next(read_lines(path)) == (1, "buy Where?\r")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
