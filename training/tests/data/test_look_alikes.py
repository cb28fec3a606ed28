from pathlib import Path

import pytest

from questiontopic_training.data.own_labels import read_own_labels
from questiontopic_training.data.questions import DataError

TEXTS = ("Where?", "When?", "How?")
DIFFERENCE = "case, blanks, invisible characters or Unicode form"


def write(path: Path, labels: tuple[str, ...], columns: str = "label") -> Path:
    """Writes three rows for each label; a row has the label as its last columns."""
    lines = [f"{text} {number},{label}\n" for number, label in enumerate(labels) for text in TEXTS]
    path.write_text(f"text,{columns}\n{''.join(lines)}", "utf-8")
    return path


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        (("refund", "Refund"), ("'refund'", "'Refund'")),
        (("caf\u00e9", "cafe\u0301"), (r"'caf\xe9'", r"'cafe\u0301'")),  # They look the same without escapes.
        (("退款(A)", "退款（Ａ）"), ("'退款(A)'", "'退款（Ａ）'")),
        (("my order", "my\u00a0order"), ("'my order'", r"'my\xa0order'")),
        (("my order", "My  order"), ("'my order'", "'My  order'")),
        (("refund", "re\u200bfund"), ("'refund'", r"'re\u200bfund'")),
        (("退款\ufeff", "退款"), (r"'\u9000\u6b3e\ufeff'", r"'\u9000\u6b3e'")),
        (("STRASSE", "straße"), ("'STRASSE'", "'straße'")),
    ],
)
def test_labels_that_look_alike_are_warned_of(tmp_path: Path, labels: tuple[str, str], shown: tuple[str, str]) -> None:
    path = write(tmp_path / "a.csv", ("other", *labels))
    data = read_own_labels(path, None, folds=3)
    assert data.warnings[0] == (
        f"{path}: label {shown[0]} (line 5) and label {shown[1]} (line 8) differ only in {DIFFERENCE}, but are two "
        "labels; if they mean the same, write them alike"
    )
    assert {question.fine for question in data.training} == {"other", *labels}


def test_labels_that_differ_otherwise_are_not_warned_of(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", ("refund", "refunds", "re-fund", "ré", "re", "退款", "退貨"))
    assert read_own_labels(path, None, folds=3).warnings == ()


@pytest.mark.parametrize(("columns", "between"), [("label", ":"), ("coarse,fine", ",")])
def test_coarse_and_fine_labels_are_compared(tmp_path: Path, columns: str, between: str) -> None:
    names = [("LOC", "city"), ("LOC", "City"), ("HUM", "who"), ("Hum", "where")]
    path = write(tmp_path / "a.csv", tuple(map(between.join, names)), columns)
    first, second = read_own_labels(path, None, folds=3).warnings
    assert "label 'LOC:city' (line 2) and label 'LOC:City' (line 5)" in first
    assert "label 'HUM' (line 8) and label 'Hum' (line 11)" in second


def test_the_number_of_warnings_is_bounded(tmp_path: Path) -> None:
    names = tuple(name for number in range(9) for name in (f"a{number}", f"A{number}"))
    path = write(tmp_path / "a.csv", names)
    warnings = read_own_labels(path, None, folds=3).warnings
    assert len(warnings) == 6
    assert warnings[-1] == f"{path}: 4 more pairs of labels differ only in {DIFFERENCE}"


def test_a_rare_label_is_told_what_it_looks_like(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", ("refund", "other"))
    path.write_text(path.read_text("utf-8") + "Why?,Refund\n", "utf-8")
    with pytest.raises(DataError, match=r"a\.csv:8: label 'Refund' has 1 .*; label 'refund' \(line 2\) and .* alike$"):
        read_own_labels(path, None, folds=3)


def test_a_test_label_is_told_which_trained_label_it_looks_like(tmp_path: Path) -> None:
    training = write(tmp_path / "a.csv", ("caf\u00e9", "other"))
    test = write(tmp_path / "t.csv", ("cafe\u0301",))
    with pytest.raises(DataError) as caught:
        read_own_labels(training, test, folds=3)
    assert str(caught.value) == (
        rf"{test}:2: label 'cafe\u0301' does not occur in a.csv; write it like 'caf\xe9' there, "
        "or add rows of it there or remove this one"
    )
