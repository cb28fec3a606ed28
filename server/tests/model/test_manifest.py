from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from questiontopic_model.bundle import FineLabel, Golden, Manifest, NoneOfThese
from questiontopic_model.bundle.manifest import EncoderSpec, TemperatureAt, content_digest

NOT_NUMBERS: list[Any] = ["1", None, True, [], math.nan, math.inf, 10**400]


def manifest() -> Manifest:
    return Manifest(
        name="pets",
        version="1.2.3",
        coarse_labels=("CAT", "DOG"),
        fine_labels=(FineLabel("CAT:wild", "CAT"), FineLabel("DOG:tame", "DOG")),
        preparation="raw",
        encoder=EncoderSpec("usem3", max_pieces=9),
        runtimes={"onnxruntime": "model.onnx"},
        files={"model.onnx": "0" * 64},
        golden=(Golden("miaow", {"CAT": 0.9, "DOG": 0.1}, {"CAT:wild": 0.9, "DOG:tame": 0.1}),),
        label_descriptions={"CAT": "cats of all kinds", "DOG:tame": "dogs that live with people"},
        metrics={"test_coarse_accuracy": 0.5},
    ).sealed()


def scored() -> Manifest:
    """The same with the score "none of these"."""
    golden = tuple(replace(entry, none_of_these=0.25) for entry in manifest().golden)
    return replace(manifest(), none_of_these=NoneOfThese(1.5, -2), golden=golden).sealed()


def entries(*pairs: tuple[float, float]) -> list[dict[str, float]]:
    return [{"confidence": confidence, "temperature": temperature} for confidence, temperature in pairs]


def test_what_is_written_is_read_back_equal() -> None:
    tempered = replace(manifest(), temperatures=(TemperatureAt(0.3, 1.5), TemperatureAt(0.9, 2)))
    for made in (manifest(), tempered, scored()):
        assert Manifest.from_json(json.loads(json.dumps(made.to_json()))) == made


def test_the_digest_covers_everything_but_itself() -> None:
    values = manifest().to_json()
    assert content_digest(values | {"digest": "other"}) == manifest().digest
    for key, value in {"name": "x", "temperature": 2.0, "files": {"model.onnx": "1" * 64}, "languages": ["en"]}.items():
        assert content_digest(values | {key: value}) != manifest().digest


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"format": 2}, "format is 2, this server reads format 1"),
        ({"coarse_labels": ["CAT"]}, "coarse_labels must be at least two different labels"),
        ({"coarse_labels": ["CAT", "CAT"]}, "coarse_labels must be at least two different labels"),
        ({"fine_labels": [{"name": "CAT:wild", "coarse": "CAT"}] * 2}, "fine_labels must be different"),
        ({"fine_labels": [{"name": "CAT:wild", "coarse": "CAT"}]}, "fine_labels must cover exactly the coarse labels"),
        ({"golden": []}, "golden must hold at least one text"),
        ({"golden": [{"text": "miaow", "coarse": {"CAT": 1.0}, "fine": {}}]}, "golden confidences must have exactly"),
        ({"temprature": 1}, "'temprature' is not a known field"),
        ({"encoder": {"kind": "usem3", "pieces": 9}}, r"encoder\.'pieces' is not a known field"),
        ({"encoder": {"kind": "usem3", "max_pieces": 1.5}}, r"encoder\.max_pieces must be a whole number, is 1\.5"),
        ({"encoder": {"kind": "usem3", "max_pieces": True}}, r"encoder\.max_pieces must be a whole number, is True"),
        ({"encoder": {"kind": "usem3", "sha256": {"sp.model": 1}}}, r"encoder\.sha256\['sp\.model'\] must be text"),
        ({"encoder": "usem3"}, "encoder must be an object, is 'usem3'"),
        ({"name": 1}, "name must be text"),
        ({"name": "pets\ud800"}, r"name must be text that UTF-8 can hold, is 'pets\\ud800'"),
        *(({"name": name}, "name must match") for name in ("", "Pets", "-pets", "pets\n", "../pets", "p" * 65)),
        *(
            ({"version": version}, "version must be MAJOR")
            for version in ("", "1", "1.2", "1.2.3-rc", "01.2.3", "1.2.٣")
        ),
        *(({"temperature": value}, "temperature must be positive") for value in (0, -1.5)),
        *(({"temperature": value}, "temperature must be a finite number") for value in NOT_NUMBERS),
        ({"temperatures": entries((0.5, 1), (0.5, 2))}, "temperatures must have rising confidences"),
        ({"temperatures": entries((0.9, 1), (0.5, 2))}, "temperatures must have rising confidences"),
        ({"temperatures": entries((0.5, 1), (1.5, 1))}, "temperatures must have rising confidences from 0 to 1"),
        ({"temperatures": entries((0.5, 0))}, "temperatures must be positive"),
        ({"temperatures": [{"confidence": 0.5}]}, r"temperatures\[0\]\.temperature is missing"),
        *(({"metrics": {"accuracy": value}}, r"metrics\['accuracy'\] must be a finite") for value in NOT_NUMBERS),
        ({"metrics": [["accuracy", 1]]}, "metrics must be an object"),
        ({"coarse_labels": "CD"}, "coarse_labels must be a list"),
        *(
            ({"coarse_labels": ["CAT", label], "fine_labels": []}, "coarse_labels must not be blank or hold control")
            for label in ("", " ", "DOG\n", "\x1b[2J", "D\x85G", "D\u2028G", "\0")
        ),
        ({"fine_labels": [{"name": "\t", "coarse": "CAT"}, {"name": "b", "coarse": "DOG"}]}, "fine_labels must not be"),
        ({"fine_labels": [{"name": "CAT:wild"}]}, r"fine_labels\[0\]\.coarse is missing"),
        ({"label_descriptions": {"COW": "large"}}, "label_descriptions describes 'COW', which is not a label"),
        ({"label_descriptions": {"CAT": 1}}, r"label_descriptions\['CAT'\] must be text"),
        *(
            ({"label_descriptions": {"CAT": text}}, "label_descriptions must not be blank or hold control characters")
            for text in ("", " ", "two\nlines", "\x1b[2J")
        ),
        ({"files": ["model.onnx"]}, "files must be an object"),
        ({"files": {"model.onnx": "", "a\0": ""}}, "files must not be blank or hold control characters"),
        ({"runtimes": {"onnxruntime": 1}}, r"runtimes\['onnxruntime'\] must be text"),
        ({"runtimes": {"onnxruntime": "other.onnx"}}, "runtimes names 'other.onnx', which files does not list"),
        *(
            (
                {"golden": [{"text": "", "coarse": {"CAT": value}}]},
                r"golden\[0\]\.coarse\['CAT'\] must be a finite number",
            )
            for value in NOT_NUMBERS
        ),
        ({"golden": [{"text": "\udc80", "coarse": {}}]}, r"golden\[0\]\.text must be text that UTF-8 can hold"),
        ({"training": []}, "training must be an object"),
        ({"languages": ["en", 1]}, r"languages\[1\] must be text"),
    ],
)
def test_a_wrong_manifest_says_what_is_wrong(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}") as raised:
        Manifest.from_json(manifest().to_json() | change)
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        *(
            ({"none_of_these": {"shift": 0, **weights}}, r"none_of_these\.scale and none_of_these\.energy must not be")
            for weights in ({"scale": 0}, {"scale": -1.5, "energy": 2}, {"scale": 1, "energy": -2})
        ),
        *(
            ({"none_of_these": {"scale": value, "shift": 0}}, r"none_of_these\.scale must be a finite number")
            for value in NOT_NUMBERS
        ),
        *(
            ({"none_of_these": {"scale": 1, "shift": value}}, r"none_of_these\.shift must be a finite number")
            for value in NOT_NUMBERS
        ),
        ({"none_of_these": {"scale": 1}}, r"none_of_these\.shift is missing"),
        ({"none_of_these": None}, "none_of_these must be an object, is None"),
        ({"golden": manifest().to_json()["golden"]}, "golden texts must have none_of_these if and only if"),
    ],
)
def test_a_wrong_score_says_what_is_wrong(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}"):
        Manifest.from_json(scored().to_json() | change)


def test_a_golden_score_needs_the_manifest_s() -> None:
    with pytest.raises(ValueError, match=r"^golden texts must have none_of_these if and only if"):
        Manifest.from_json(manifest().to_json() | {"golden": scored().to_json()["golden"]})


@pytest.mark.parametrize("values", [[], [manifest().to_json()], None, "pets", 1])
def test_a_manifest_is_an_object(values: Any) -> None:
    with pytest.raises(ValueError, match=r"^must be an object, is "):
        Manifest.from_json(values)


def test_the_default_bundle_s_manifest_is_read_and_written_unchanged() -> None:
    values = json.loads((Path(__file__).parents[3] / "models" / "usem3" / "manifest.json").read_text("utf-8"))
    read = Manifest.from_json(values)
    assert json.dumps(read.to_json()) == json.dumps(values)
    assert content_digest(values) == read.digest


def test_a_missing_key_is_named() -> None:
    values = manifest().to_json()
    del values["encoder"]
    with pytest.raises(ValueError, match="encoder is missing"):
        Manifest.from_json(values)
