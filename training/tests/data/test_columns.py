from __future__ import annotations

from pathlib import Path

import pytest

from questiontopic_training.data.columns import Columns
from questiontopic_training.data.files import read_questions
from questiontopic_training.data.questions import DataError


def write(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_text(content, "utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "content", "columns"),
    [
        ("a.csv", "id,text,category\n1,Where is my card?,card\n", Columns(label="category")),
        ("a.csv", "category;utterance\ncard;Where is my card?\n", Columns("utterance", "category")),
        ("a.csv", "text|label\nWhere is my card?|card\n", Columns(delimiter="|")),
        ("a.tsv", "text\tlabel\tintent\nWhere is my card?\tx\tcard\n", Columns(label="intent")),
        ("a.csv", "text,label,coarse,fine\nWhere is my card?,card,a,b\n", Columns(label="label")),
        ("a.jsonl", '{"q": "Where is my card?", "intent": "card"}\n', Columns("q", "intent")),
        ("a.label", "card Where is my card?\n", Columns("q", "intent")),
    ],
)
def test_columns_have_any_names(tmp_path: Path, name: str, content: str, columns: Columns) -> None:
    (question,) = read_questions(write(tmp_path, name, content), columns)
    assert (question.text, question.fine) == ("Where is my card?", "card")


@pytest.mark.parametrize(
    ("content", "columns", "reason"),
    [
        (
            "text,category\nWho?,x\n",
            Columns(),
            "1: columns 'text', 'category' are not enough; name them text and label, or text, coarse and fine; or give "
            "--text-column and --label-column",
        ),
        (
            "text,category\nWho?,x\n",
            Columns(label="intent"),
            "1: columns 'text', 'category' are not enough; give the names of two of them by --text-column and "
            "--label-column, which are 'text' and 'intent' now",
        ),
        ("text,category\nWho?,\n", Columns(label="category"), "2: empty category; fill it in or remove the row"),
        ("text,label\nWho?,x\n", Columns(delimiter=";"), "1: columns 'text,label' are not enough"),
    ],
)
def test_what_is_not_there_is_named(tmp_path: Path, content: str, columns: Columns, reason: str) -> None:
    path = write(tmp_path, "a.csv", content)
    with pytest.raises(DataError) as caught:
        list(read_questions(path, columns))
    assert str(caught.value).startswith(f"{path}:{reason}")


def test_only_tables_have_a_delimiter(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"only \.csv and \.tsv files have a delimiter"):
        read_questions(write(tmp_path, "a.jsonl", ""), Columns(delimiter=";"))
