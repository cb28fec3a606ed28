from pathlib import Path

import pytest

from questiontopic_training.__main__ import main
from questiontopic_training.data.examples import Labels
from questiontopic_training.data.own_labels import read_own_labels
from questiontopic_training.data.questions import DataError

TEXTS = ("Where?", "Where now?", "Where then?", "Where else?")


def write(path: Path, rows: list[tuple[str, str]]) -> Path:
    path.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows), "utf-8")
    return path


def rows(*labels: str) -> list[tuple[str, str]]:
    return [(f"{text} {label}", label) for label in labels for text in TEXTS]


@pytest.mark.parametrize(
    ("names", "hierarchical"),
    [
        (("a:x", "a:y", "b:z"), True),
        (("a:x", "a:y", "b"), False),
        (("a:x", "a:y"), False),  # One coarse label for all is no level.
        (("buy", "sell"), False),
    ],
)
def test_labels_make_a_hierarchy_only_if_all_have_two_levels(
    tmp_path: Path, names: tuple[str, ...], hierarchical: bool
) -> None:
    data = read_own_labels(write(tmp_path / "a.csv", rows(*names)), None, folds=3)
    labels = Labels(data.training)
    assert labels.hierarchical is hierarchical
    assert [label.name for label in labels.fine] == sorted(names)
    assert labels.coarse == (("a", "b") if hierarchical else tuple(sorted(names)))
    examples = labels.examples(data.training)
    assert (labels.matrix[examples.fine].argmax(axis=1) == examples.coarse).all()


def test_the_test_file_follows_the_training_file(tmp_path: Path) -> None:
    training = write(tmp_path / "a.csv", rows("a:x", "a:y", "b"))
    data = read_own_labels(training, write(tmp_path / "t.csv", [("Who?", "a:x")]), folds=5)
    assert [question.coarse for question in data.test] == ["a:x"]
    training = write(tmp_path / "a.csv", rows("a:x", "b:y"))
    data = read_own_labels(training, write(tmp_path / "t.csv", [("Who?", "a:x")]), folds=5)
    assert [question.coarse for question in data.test] == ["a"]


def test_a_label_with_too_few_texts_is_named_with_its_line_and_the_fix(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [*rows("buy", "sell"), ("Why?", "rare")])
    with pytest.raises(DataError) as caught:
        read_own_labels(path, None, folds=4)
    assert str(caught.value) == (
        f"{path}:10: label 'rare' has 1 different text(s), 4 are needed to hold some out; "
        "add 3 or remove the label or lower --folds"
    )
    with pytest.raises(
        DataError, match=r"a\.csv:10: label 'rare' has 1 .*, 3 are needed .*; add 2 or remove the label$"
    ):
        read_own_labels(path, write(tmp_path / "t.csv", [("Why?", "buy")]), folds=3)


def test_copies_of_a_text_do_not_count_twice(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [*rows("buy", "sell"), ("Why?", "rare"), ("WHY?", "rare"), (" why?", "rare")])
    with pytest.raises(DataError, match="label 'rare' has 1 different"):
        read_own_labels(path, None, folds=2)


def test_one_label_alone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.csv: only the label 'buy'; .* two labels or more"):
        read_own_labels(write(tmp_path / "a.csv", rows("buy")), None, folds=3)


def test_a_test_label_that_is_not_trained_is_named(tmp_path: Path) -> None:
    training = write(tmp_path / "a.csv", rows("buy", "sell"))
    with pytest.raises(DataError, match=r"t\.csv:3: label 'rent' does not occur in a\.csv; add rows of it there or"):
        read_own_labels(training, write(tmp_path / "t.csv", [("Who?", "buy"), ("Who?", "rent")]), folds=3)


def test_duplicates_are_warned_of_and_counted(tmp_path: Path) -> None:
    copies = [("WHERE?  buy", "buy"), ("where? buy", "sell"), ("where now? buy", "buy")]
    training = write(tmp_path / "a.csv", [*rows("buy", "sell"), *copies])
    test = write(tmp_path / "t.csv", [("Who?", "buy"), ("where? BUY", "buy")])
    data = read_own_labels(training, test, folds=3)
    assert data.description["duplicates"] == {"repeated": 2, "contradictory": 1, "also_in_test": 1}
    assert data.warnings == (
        f"{training}: 2 rows repeat an earlier text with the same label: lines 10, 12",
        f"{training}: 1 rows repeat an earlier text with another label: line 11",
        f"{test}: 1 rows have a text of a.csv too, which makes the test figures too good: line 3",
    )
    assert data.description["files"]["a.csv"]["rows"] == 11
    assert data.description["rows_per_label"] == {"least": 5, "most": 6}


GOOD = "".join(f"Where is {thing}?,place\nWhat is {thing}?,thing\n" for thing in ("it", "tea", "ink", "oat", "rye"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("question,label\nWhere?,place\n", "1: columns 'question', 'label' are not enough; name them text and label"),
        (f"text,label\n{GOOD},place\n", "12: empty text; fill it in or remove the row"),
        (f"text,label\n{GOOD}Où ça?,place\n".encode("latin-1"), "12: not UTF-8; save the file as UTF-8"),
        (f"text,label\n{GOOD}When?,time\n", "12: label 'time' has 1 different text(s), 5 are needed"),
    ],
)
def test_a_broken_csv_gets_one_line_that_names_the_line_and_the_fix(
    tmp_path: Path, content: str | bytes, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "broken.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    assert main(["train", "--data", str(path), "--output", str(tmp_path / "bundle")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"questiontopic_training: {path}:{reason}")
    assert not (tmp_path / "bundle").exists()


def test_a_coarse_column_with_one_value_makes_no_hierarchy(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = [f"{text} {fine},intent,{fine}\n" for fine in ("buy", "sell") for text in TEXTS]
    path.write_text("text,coarse,fine\n" + "".join(lines), "utf-8")
    labels = Labels(read_own_labels(path, None, folds=3).training)
    assert (labels.hierarchical, labels.coarse) == (False, ("intent:buy", "intent:sell"))


def test_two_files_of_the_same_name_are_both_described(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    training = write(tmp_path / "q.csv", rows("a", "b"))
    test = write(tmp_path / "more" / "q.csv", [("Who?", "a")])
    files = read_own_labels(training, test, folds=5).description["files"]
    assert {name: file["rows"] for name, file in files.items()} == {"q.csv": 8, "more/q.csv": 1}


def test_a_file_without_a_suffix_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "questions", rows("a", "b"))
    assert main(["train", "--data", str(path), "--output", str(tmp_path / "bundle")]) == 1
    error = capsys.readouterr().err
    assert str(path) in error and ".csv" in error and "download" not in error
