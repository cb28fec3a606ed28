"""A damaged bundle never serves, and one clear line says what is wrong with it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from server_process import DEFAULT_BUNDLE, refused

from questiontopic_model.bundle.bundle import sha256_of
from questiontopic_model.bundle.manifest import Manifest


def change_a_byte(bundle: Path) -> str:
    file = bundle / "model.onnx"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    return "model.onnx: damaged"


def remove_the_model(bundle: Path) -> str:
    (bundle / "model.onnx").unlink()
    return "model.onnx: No such file"


def remove_the_manifest(bundle: Path) -> str:
    (bundle / "manifest.json").unlink()
    return "manifest.json: missing"


def break_the_manifest(bundle: Path) -> str:
    (bundle / "manifest.json").write_text("{")
    return "manifest.json: Expecting property name"


def _rewrite(bundle: Path, change: Callable[[dict[str, Any]], None], *, seal: bool) -> None:
    file = bundle / "manifest.json"
    values = json.loads(file.read_text("utf-8"))
    change(values)
    if seal:
        values = Manifest.from_json(values).sealed().to_json()
    file.write_text(json.dumps(values), "utf-8")


def _swap(labels: list[Any]) -> None:
    labels[0], labels[-1] = labels[-1], labels[0]


def swap_labels(bundle: Path) -> str:
    _rewrite(bundle, lambda values: _swap(values["fine_labels"]), seal=False)
    return "digest does not match"


def swap_labels_and_seal_again(bundle: Path) -> str:
    _rewrite(bundle, lambda values: _swap(values["fine_labels"]), seal=True)
    return "self-check failed"


def drop_a_label_and_seal_again(bundle: Path) -> str:
    def change(values: dict[str, Any]) -> None:
        gone = values["fine_labels"].pop()["name"]
        del values["label_descriptions"][gone]
        for golden in values["golden"]:
            del golden["fine"][gone]

    _rewrite(bundle, change, seal=True)
    return "51 outputs for 49 labels"


def put_another_graph_in(bundle: Path) -> str:
    (bundle / "model.onnx").write_bytes(b"no graph")

    def change(values: dict[str, Any]) -> None:
        values["files"]["model.onnx"] = sha256_of(bundle / "model.onnx")

    _rewrite(bundle, change, seal=True)
    return "ONNX Runtime cannot load it"


DAMAGES = [
    change_a_byte,
    remove_the_model,
    remove_the_manifest,
    break_the_manifest,
    swap_labels,
    swap_labels_and_seal_again,
    drop_a_label_and_seal_again,
    put_another_graph_in,
]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_bundle_never_serves(tmp_path: Path, damage: Callable[[Path], str]) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(DEFAULT_BUNDLE, bundle)
    reason = damage(bundle)
    code, said = refused("--bundle", str(bundle), "--port", "0")
    assert code == 1
    assert "serving" not in said.replace("questiontopic-server", "")
    assert reason in said
    assert len(said.splitlines()) == 1, said
