from pathlib import Path

import pytest

from questiontopic_training.data.questions import DataError, QuestionSet
from questiontopic_training.data.trec import TEST, TRAINING, read_trec


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"no label here", "must begin with COARSE:fine, found 'no'"),
        (b"LOC: Where ?", "must begin with COARSE:fine, found 'LOC:'"),
        (b":city Where ?", "must begin with COARSE:fine, found ':city'"),
        (b"LOC:city", "empty text; fill it in or remove the row"),
        (b"LOC:city Where is the caf\xe9 ?", "not ascii; save the file as ascii"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: bytes, reason: str) -> None:
    path = write(tmp_path / TEST.name, b"HUM:ind Who sings ?\n" + line + b"\n")
    write(tmp_path / TRAINING.name, b"HUM:ind Who sings ?\n")
    with pytest.raises(DataError) as caught:
        read_trec(tmp_path)
    assert str(caught.value) == f"{path}:2: {reason}"


@pytest.mark.parametrize(("content", "reason"), [(None, "No such file or directory"), (b"\n", "holds no question")])
def test_a_file_without_questions_is_an_error(tmp_path: Path, content: bytes | None, reason: str) -> None:
    if content is not None:
        write(tmp_path / TRAINING.name, content)
    with pytest.raises(DataError, match=reason):
        read_trec(tmp_path)


def test_files_other_than_the_published_ones_are_recorded_with_a_warning(data: QuestionSet) -> None:
    assert len(data.warnings) == 2
    assert [data.description["files"][file.name]["published"] for file in (TRAINING, TEST)] == [False, False]
    assert [data.description["files"][file.name]["rows"] for file in (TRAINING, TEST)] == [180, 60]
    assert len(data.training) == 180


def test_the_folder_must_hold_both_files(tmp_path: Path, data_folder: Path) -> None:
    (tmp_path / TRAINING.name).write_bytes((data_folder / TRAINING.name).read_bytes())
    with pytest.raises(DataError, match=TEST.name):
        read_trec(tmp_path)
