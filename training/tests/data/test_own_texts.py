from pathlib import Path

import pytest

from questiontopic_training.data.columns import Columns
from questiontopic_training.data.own_texts import read_own_texts
from questiontopic_training.data.questions import DataError, Question

LABELLED = [Question("where is  my PARCEL", "a", "a")]


def test_lines_are_read_once_each_without_labelled_ones(tmp_path: Path) -> None:
    path = tmp_path / "more.txt"
    path.write_text("Where is my parcel\n\n it broke \nIt broke\nGive it back\n", "utf-8")
    found = read_own_texts(path, LABELLED, "--unlabelled")
    assert found.questions == ("It broke", "Give it back")
    assert found.description["unlabelled"]["more.txt"]["rows"] == 2
    assert found.warnings == (f"{path}: 1 texts are labelled or test texts too, and are left out",)


def test_a_table_gives_its_column_of_texts(tmp_path: Path) -> None:
    path = tmp_path / "more.csv"
    path.write_text('id;utterance\n1;"It broke; help"\n2;WHERE IS IT NOW\n', "utf-8")
    found = read_own_texts(path, (), "--unlabelled", Columns("utterance"), "unshouted")
    assert found.questions == ("It broke; help", "where is it now")
    assert not found.warnings


def test_a_table_without_the_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "more.csv"
    path.write_text("id,utterance\n1,It broke\n", "utf-8")
    with pytest.raises(DataError, match=r"more.csv:1: no column 'text', only 'id', 'utterance'; .*--text-column"):
        read_own_texts(path, (), "--unlabelled")


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "more.txt"
    path.write_text("\n \n", "utf-8")
    with pytest.raises(DataError, match=r"more.txt: holds no text; .*--out-of-scope"):
        read_own_texts(path, (), "--out-of-scope")


@pytest.mark.parametrize("kind", [".jsonl", ".label"])
def test_a_file_of_labelled_texts_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"more{kind}"
    path.write_text("x", "utf-8")
    with pytest.raises(DataError, match=rf"--unlabelled takes no \{kind} file; write one text a line into a .txt file"):
        read_own_texts(path, (), "--unlabelled")
