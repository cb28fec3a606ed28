from pathlib import Path

import pytest

from questiontopic_training.data.questions import DataError
from questiontopic_training.data.unlabelled import COLLECTIONS, read_unlabelled


def test_missing_collections_are_left_out_with_a_warning(tmp_path: Path) -> None:
    first, *others = COLLECTIONS
    (tmp_path / first.name).write_text("who made it\n\nwhere is it\n", "utf-8")
    found = read_unlabelled(tmp_path)
    assert found.questions == ("who made it", "where is it")
    assert found.description["unlabelled"][first.name]["rows"] == 2
    assert not found.description["unlabelled"][first.name]["published"]
    for other in others:
        assert not found.description["unlabelled"][other.name]["used"]
        assert any(other.name in warning for warning in found.warnings)


def test_a_missing_folder_is_no_error(tmp_path: Path) -> None:
    assert read_unlabelled(tmp_path / "nowhere").questions == ()


def test_another_encoding_is_an_error(tmp_path: Path) -> None:
    (tmp_path / COLLECTIONS[0].name).write_bytes("wo ist das Café".encode("latin-1"))
    with pytest.raises(DataError, match="not UTF-8 at byte 14"):
        read_unlabelled(tmp_path)
