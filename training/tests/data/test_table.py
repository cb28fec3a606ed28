from pathlib import Path

import pytest

from questiontopic_training.data.files import read_questions
from questiontopic_training.data.questions import DataError


def write(folder: Path, content: str, name: str = "rows.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode())
    return path


@pytest.mark.parametrize("name", ["rows.csv", "rows.tsv"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_found_from_the_header(tmp_path: Path, separator: str, name: str) -> None:
    rows = [("no, yes; or\tso", "label", "text"), ("", "buy", '"Where, when; and\thow?"'), ("a", '"b"', "Who?")]
    header, *more = [separator.join(f'"{cell}"' if cell == rows[0][0] else cell for cell in row) for row in rows]
    path = write(tmp_path, "\n".join([header, *more]), name)
    assert [(one.text, one.fine, one.line) for one in read_questions(path)] == [
        ("Where, when; and\thow?", "buy", 2),
        ("Who?", "b", 3),
    ]


def test_a_header_with_every_name_in_quotes_or_over_two_lines_has_a_separator_too(tmp_path: Path) -> None:
    path = write(tmp_path, '"a, b\nor c";"text";"coarse";"fine"\n;"Who?";"x";"y"\n')
    assert [(one.text, one.fine, one.line) for one in read_questions(path)] == [("Who?", "x:y", 3)]


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "sep=\t", "sep=|"])
def test_a_first_line_for_excel_is_left_out(tmp_path: Path, first: str) -> None:
    path = write(tmp_path, f"\ufeff{first}\r\ntext;label\r\nWho, me?;x\r\n;x\r\n")
    questions = read_questions(path)
    assert next(questions).line == 3
    with pytest.raises(DataError, match=r"rows\.csv:4: empty text"):
        next(questions)


def test_empty_columns_at_the_right_end_are_left_out(tmp_path: Path) -> None:
    # Excel leaves out the separators at the end of some rows.
    path = write(tmp_path, "text;label;; ;\nWho?;x;;;\nWhen?;x; ;\nHow?;x\nWhere?;x;;;;;\n")
    assert [(one.text, one.line) for one in read_questions(path)] == [
        ("Who?", 2),
        ("When?", 3),
        ("How?", 4),
        ("Where?", 5),
    ]
    path = write(tmp_path, ",,text,label\n1,2,Who?,x\n")
    assert [one.text for one in read_questions(path)] == ["Who?"]


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (
            "text;label;;\nWho?;x;;\nWho?;x;;note\n",
            3,
            "column 4 has no name in the header, but holds 'note'; name it, or put texts with semicolons into quotes",
        ),
        ("text,label,\nWho, me?,x\n", 2, "column 3 has no name in the header, but holds 'x'; name it, or put texts w"),
        ("text\tlabel\nWho\tme?\tx\n", 2, "3 fields where the header has 2; put texts with tabs into quotes"),
        ("text,label,\nWho, me?,x,y\n", 2, "4 fields where the header has 3; put texts with commas into quotes"),
        ("text,label,,\nWho?\n", 2, "1 fields where the header has 4"),
        (
            "frage;label\nWer?;x\n",
            1,
            "columns 'frage', 'label' are not enough; name them text and label, or text, coarse and fine; or "
            "give --text-column and --label-column; names need commas, semicolons or tabs between them",
        ),
        ("sep=||\ntext|label\n", 1, "columns 'sep=||' are not enough"),
        (",,\n", 1, "are not enough"),
        ('"text;label\nWho?;x\n', 1, "check the quotation marks of this row"),
        ('"te"xt;label\nWho?;x\n', 1, "check the quotation marks of this row"),
    ],
)
def test_a_bad_table_is_named_with_the_fix(tmp_path: Path, content: str, line: int, reason: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(DataError) as caught:
        list(read_questions(path))
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert reason in str(caught.value)
