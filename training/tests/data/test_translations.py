from pathlib import Path

import pytest

from questiontopic_model.encoders.usem3 import LANGUAGES
from questiontopic_training.data.extras import Extras
from questiontopic_training.data.questions import DataError
from questiontopic_training.data.translations import OWN, Translation, Translations, read_translations

XQUAD = "en\tde\tel\nWho is it?\tWer ist es?\tΠοιος είναι;\nWhere is it?\tWo ist es?\tΠού είναι;\n"
TATOEBA = 'language\ten\ttranslation\nth\tWhat is "that"?\t"นั่น" คืออะไร\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "xquad.tsv").write_text(XQUAD, "utf-8")
    (tmp_path / "tatoeba.tsv").write_text(TATOEBA, "utf-8")
    return tmp_path


def published(found: Translations) -> list[Translation]:
    own = {collection.name for collection in OWN}
    return [one for one in found.rows if one.source not in own]


def test_both_files_give_the_english_text_with_each_translation(folder: Path) -> None:
    found = read_translations(folder)
    assert Translation("Who is it?", "el", "Ποιος είναι;", "xquad.tsv") in found.rows
    assert Translation('What is "that"?', "th", '"นั่น" คืออะไร', "tatoeba.tsv") in found.rows
    assert len(published(found)) == 5
    assert found.warnings == ()
    assert found.description["translations"]["xquad.tsv"]["rows"] == 4
    assert found.description["translations"]["tatoeba.tsv"]["licence"] == "CC BY 2.0 FR"


@pytest.mark.parametrize("name", [collection.name for collection in OWN])
def test_our_own_questions_are_in_every_language_of_the_encoder(folder: Path, name: str) -> None:
    own = [one for one in read_translations(folder).rows if one.source == name]
    assert {one.language for one in own} == set(LANGUAGES) - {"en"}
    assert len(own) == len({one.english for one in own}) * (len(LANGUAGES) - 1)


def test_a_missing_file_is_left_out_with_a_warning(folder: Path) -> None:
    (folder / "xquad.tsv").unlink()
    found = read_translations(folder)
    assert [one.language for one in published(found)] == ["th"]
    assert not found.description["translations"]["xquad.tsv"]["used"]
    assert "xquad.tsv: missing" in found.warnings[0]


def test_a_row_with_a_missing_field_is_an_error(folder: Path) -> None:
    (folder / "xquad.tsv").write_text(XQUAD + "When?\tWann?\n", "utf-8")
    with pytest.raises(DataError, match=r"xquad\.tsv:4: 2 fields, the header has 3"):
        read_translations(folder)


@pytest.mark.parametrize(
    ("name", "text", "column"),
    [
        ("xquad.tsv", "", "en"),
        ("xquad.tsv", "de\nWer?\n", "en"),
        ("tatoeba.tsv", "en\ttranslation\nWho?\tWer?\n", "language"),
    ],
)
def test_a_file_without_a_column_is_an_error(folder: Path, name: str, text: str, column: str) -> None:
    (folder / name).write_text(text, "utf-8")
    with pytest.raises(DataError, match=rf"{name}:1: no column '{column}'"):
        read_translations(folder)


def test_all_translations_of_a_question_are_in_the_same_part() -> None:
    rows = tuple(Translation(f"q{n}", code, f"{code}{n}", "f") for n in range(200) for code in ("de", "tr"))
    kept, held_out = Extras(rows, tuple(f"text {n}" for n in range(200))).split()
    assert {one.english for one in kept.translations}.isdisjoint(one.english for one in held_out.translations)
    assert 0.1 < len(held_out.translations) / len(rows) < 0.3
    assert 0.1 < len(held_out.others) / 200 < 0.3
    assert set(kept.others) | set(held_out.others) == {f"text {n}" for n in range(200)}


def test_translations_into_unknown_languages_belong_to_no_label() -> None:
    rows = (Translation("q", "de", "Frage", "f"), Translation("q", "el", "ερώτηση", "f"))
    found = Extras(rows, ("text",)).into(("de", "en"))
    assert found == Extras(rows[:1], ("text", "ερώτηση"))
