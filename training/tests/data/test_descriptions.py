import json
from pathlib import Path

import pytest

from questiontopic_training.data.descriptions import read_descriptions, with_descriptions
from questiontopic_training.data.questions import DataError, Question, QuestionSet
from questiontopic_training.data.trec import LABELS

MODELS = Path(__file__).resolve().parents[3] / "models"
DATA = QuestionSet((Question("Where?", "LOC", "LOC:city"), Question("Who?", "HUM", "HUM:ind")), (), {}, ())


def write(folder: Path, content: str) -> Path:
    path = folder / "labels.csv"
    path.write_text(content, "utf-8")
    return path


def test_labels_of_both_levels_are_described_and_others_stay_without(tmp_path: Path) -> None:
    content = '\ufeffdescription,note,label\r\n" cities, and towns ",,LOC:city\r\n\r\npeople 人,x, HUM \n'
    expected = {"LOC:city": "cities, and towns", "HUM": "people 人"}
    assert with_descriptions(DATA, write(tmp_path, content)).label_descriptions == expected


@pytest.mark.parametrize(
    ("content", "place", "reason"),
    [
        ("label|description\n", ":1", "columns 'label|description': name one of them label and one description"),
        ("label,text\nLOC,places\n", ":1", "name one of them label and one description"),
        ("label,description,description\n", ":1", "name one of them label and one description"),
        ("label,description\nLOC,places\nHUM,\n", ":3", "empty description; fill it in or remove the row"),
        ("label,description\n,places\n", ":2", "empty label; fill it in or remove the row"),
        ("label,description\nLOC,places, towns\n", ":2", "3 fields where the header has 2; put texts with commas into"),
        ('label,description\nLOC,"two\nlines"\n', ":2", "control character in the description 'two\\nlines'"),
        ("label,description\nLOC,places\nLOC,towns\n", ":3", "a second description of the label 'LOC'; remove one of"),
        ("label,description\nLOC,places\nCOL,x\nABC,y\n", "", "no question has the label 'COL', 'ABC'; correct or"),
        ("label,description\n" + "".join(f"{n},x\n" for n in range(9)), "", "'0', '1', '2', '3', '4' and 4 more; corr"),
        ("label,description\n", "", "holds no description"),
        ("", "", "holds no description"),
    ],
)
def test_what_cannot_be_used_is_named_with_the_fix(tmp_path: Path, content: str, place: str, reason: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(DataError) as caught:
        with_descriptions(DATA, path)
    assert str(caught.value).startswith(f"{path}{place}: ")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_an_error_of_the_data(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"labels\.csv: No such file or directory"):
        read_descriptions(tmp_path / "labels.csv")


@pytest.mark.parametrize("name", ["usem3", "minilm", "ensemble"])
def test_every_label_of_a_committed_bundle_has_a_short_description(name: str) -> None:
    manifest = json.loads((MODELS / name / "manifest.json").read_text("utf-8"))
    descriptions = read_descriptions(LABELS)
    assert descriptions.keys() == {*manifest["coarse_labels"], *(label["name"] for label in manifest["fine_labels"])}
    assert manifest["label_descriptions"] == descriptions
    assert max(map(len, descriptions.values())) <= 60
    assert len(set(descriptions.values())) == len(descriptions)
