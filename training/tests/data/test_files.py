from pathlib import Path

import pytest

from questiontopic_training.data.files import read_label_lines, read_questions
from questiontopic_training.data.questions import DataError, Question


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_csv_row_has_the_number_of_its_first_line_even_with_line_breaks_in_quotes(tmp_path: Path) -> None:
    content = '\ufefflabel,note,text\r\nbuy,,"two\nlines, one ""row"""\r\n\r\n buy ,x, Where? \n"a:b",,Wo ist 東京?\n'
    questions = list(read_questions(write(tmp_path, "rows.csv", content)))
    assert [(question.text, question.fine, question.line) for question in questions] == [
        ('two\nlines, one "row"', "buy", 2),
        ("Where?", "buy", 5),
        ("Wo ist 東京?", "a:b", 6),
    ]


@pytest.mark.parametrize("fine", ["city", "LOC:city"])
def test_two_columns_make_two_levels(tmp_path: Path, fine: str) -> None:
    expected = [Question("Where?", "LOC", "LOC:city")]
    assert list(read_questions(write(tmp_path, "rows.csv", f"coarse,fine,text\nLOC,{fine},Where?\n"))) == expected
    line = f'\n{{"text": "Where?", "coarse": "LOC", "fine": "{fine}", "id": 7}}\n'
    assert list(read_questions(write(tmp_path, "rows.jsonl", line))) == expected


def test_a_label_file_needs_no_hierarchy(tmp_path: Path) -> None:
    (question,) = read_questions(write(tmp_path, "rows.label", "buy\t I want  one \n"))
    assert (question.text, question.coarse, question.fine) == ("I want  one", "buy", "buy")


@pytest.mark.parametrize(
    ("name", "content", "line", "reason"),
    [
        ("a.csv", "text|label\nWho?|x\n", 1, "columns 'text|label' are not enough; name them text and label, or text,"),
        ("a.csv", "text,coarse\nWho?,x\n", 1, "columns 'text', 'coarse' are not enough"),
        ("a.csv", "text,label,text\n", 1, "one name occurs twice"),
        ("a.csv", "text,label,coarse,fine\n", 1, "both label and coarse, fine are there"),
        ("a.csv", 'text,label\n"a\nb",x\n  ,x\n', 4, "empty text; fill it in or remove the row"),
        ("a.csv", "text,label\nWho?,\n", 2, "empty label; fill it in"),
        ("a.csv", 'text,label\nWho?,"a\nb"\n', 2, "control character in the label 'a\\nb'"),
        ("a.csv", "text,label\nWho, me?,x\n", 2, "3 fields where the header has 2; put texts with commas into quotes"),
        ("a.csv", 'text,label\nWho?,x\n"Who?,x\nWho?,x\n', 3, "check the quotation marks"),
        ("a.csv", b"text,label\nWho?,x\ncaf\xe9,x\n", 3, "not UTF-8; save the file as UTF-8"),
        ("a.csv", "text,coarse,fine\nWho?,a:b,c\n", 2, "colon in the coarse label 'a:b'"),
        ("a.jsonl", '{"text": "Who?", "label": "x"}\n{"text": "Who?"\n', 2, "not JSON (Expecting"),
        ("a.jsonl", "[" * 100_000, 1, "not JSON ("),
        ("a.jsonl", '["Who?", "x"]\n', 1, "not a JSON object"),
        ("a.jsonl", '{"text": "Who?", "label": 3}\n', 1, "label must be a string, is 3; put it into quotes"),
        ("a.jsonl", '{"text": "Who?", "label": "x"}\n{"text": "Who?", "lable": "x"}\n', 2, "no label; found 'text', '"),
        ("a.jsonl", '{"text": "\\ud800", "label": "x"}\n', 1, "text holds half of a surrogate pair"),
        ("a.label", "x Who?\ny\n", 2, "empty text"),
    ],
)
def test_a_bad_row_is_named_with_the_fix(
    tmp_path: Path, name: str, content: str | bytes, line: int, reason: str
) -> None:
    path = write(tmp_path, name, content)
    with pytest.raises(DataError) as caught:
        list(read_questions(path))
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_endless_field_is_not_read_into_memory(tmp_path: Path) -> None:
    path = write(tmp_path, "rows.csv", 'text,label\nWho?,x\n"' + "Who?,x\n" * 100_000)
    with pytest.raises(DataError, match=r"rows\.csv:3: field larger than field limit .*; check the quotation marks"):
        list(read_questions(path))


def test_a_file_of_another_kind_or_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"rows\.txt: a file of questions must end in \.csv, \.tsv, \.jsonl, \.label"):
        list(read_questions(tmp_path / "rows.txt"))
    with pytest.raises(DataError, match=r"rows\.csv: No such file"):
        list(read_questions(tmp_path / "rows.csv"))


def test_reads_labels_and_latin_1_text(tmp_path: Path) -> None:
    # 0x85 is a character in this encoding, but Python's splitlines would end a line there.
    path = write(tmp_path, "rows.label", b"LOC:city Where is the caf\xe9 \x85 ?\r\n\nHUM:ind Who sings ?")
    first, second = read_label_lines(path, "latin-1")
    assert first.narrowed() == Question("Where is the café \x85 ?", "LOC", "LOC:city")
    assert (second.text, second.fine, second.line) == ("Who sings ?", "HUM:ind", 3)
