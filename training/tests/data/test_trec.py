from pathlib import Path

import pytest

from questiontopic_training.data.examples import Labels
from questiontopic_training.data.files import read_label_lines
from questiontopic_training.data.questions import DataError, Question, QuestionSet
from questiontopic_training.data.trec import TEST, TRAINING, read_trec


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_reads_labels_and_latin_1_text(tmp_path: Path) -> None:
    # 0x85 is a character of this encoding's, though Python's splitlines would end a line there.
    path = write(tmp_path / "rows", b"LOC:city Where is the caf\xe9 \x85 ?\r\n\nHUM:ind Who sings ?")
    first, second = read_label_lines(path, "latin-1")
    assert first.narrowed() == Question("Where is the café \x85 ?", "LOC", "LOC:city")
    assert (second.text, second.fine, second.line) == ("Who sings ?", "HUM:ind", 3)


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


def test_files_of_ones_own_are_recorded_and_warned_of(data: QuestionSet) -> None:
    assert len(data.warnings) == 2
    assert [data.description["files"][file.name]["published"] for file in (TRAINING, TEST)] == [False, False]
    assert [data.description["files"][file.name]["rows"] for file in (TRAINING, TEST)] == [180, 60]
    assert len(data.training) == 180


def test_labels_are_sorted_and_coarse_ones_sum_fine_ones(data: QuestionSet) -> None:
    labels = Labels(data.training)
    assert labels.coarse == ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM")
    assert [label.name for label in labels.fine] == sorted(label.name for label in labels.fine)
    examples = labels.examples(data.test)
    assert (labels.matrix[examples.fine].argmax(axis=1) == examples.coarse).all()


def test_a_split_keeps_every_label_in_both_parts(data: QuestionSet) -> None:
    kept, held = Labels(data.training).examples(data.training).split(0.1, seed=1)
    assert (len(kept), len(held)) == (162, 18)
    assert set(kept.fine) == set(held.fine) == set(range(12))
    assert not set(kept.texts) & set(held.texts)


def test_a_test_label_without_training_is_an_error(data: QuestionSet) -> None:
    with pytest.raises(DataError, match="does not occur in the training file"):
        Labels(data.training).examples([Question("Who ?", "HUM", "HUM:title")])


def test_too_few_rows_for_a_split_are_an_error(data: QuestionSet) -> None:
    with pytest.raises(DataError, match="too few training rows"):
        Labels(data.training).examples(data.training[:12]).split(0.1, seed=1)


def test_the_folder_must_hold_both_files(tmp_path: Path, data_folder: Path) -> None:
    (tmp_path / TRAINING.name).write_bytes((data_folder / TRAINING.name).read_bytes())
    with pytest.raises(DataError, match=TEST.name):
        read_trec(tmp_path)
