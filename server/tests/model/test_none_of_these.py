"""The score "none of these": what it is computed from, and the bundles in which it makes no sense."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from questiontopic_model.bundle import BundleError, Golden, Manifest, NoneOfThese, read_bundle
from questiontopic_model.bundle.bundle import sha256_of
from questiontopic_model.bundle.manifest import EncoderSpec
from questiontopic_model.encoders.usem3 import installed_spec
from questiontopic_model.ensemble import EnsembleGraph, Member
from questiontopic_model.loading import load_topic_model
from questiontopic_model.none_of_these import scores
from questiontopic_model.predict import load_predict
from questiontopic_model.runtimes.graph import Floats, Inputs
from questiontopic_model.topic_model import Probabilities, TopicModel

from .bundles import MODEL, graph, refusal, seal, write

TEXTS = ["miaow", "woof woof", "asdf qwer"]


def loaded(folder: Path) -> TopicModel:
    return load_topic_model(read_bundle(folder), "auto", None, threads=1)


def write_scored(folder: Path, calibration: NoneOfThese) -> Manifest:
    """A bundle with the score. What its golden text records is right."""
    manifest = write(folder, installed_spec(), model=graph("pooling", "texts", outputs=3))
    draft = replace(manifest, none_of_these=calibration, golden=(replace(manifest.golden[0], none_of_these=0.0),))
    seal(folder, draft)
    found = loaded(folder).predict([TEXTS[0]])
    assert found.none_of_these is not None
    confidences = dict(zip(draft.coarse_labels, found.coarse[0].tolist(), strict=True))
    recorded = replace(draft, golden=(Golden(TEXTS[0], confidences, none_of_these=float(found.none_of_these[0])),))
    seal(folder, recorded)
    return recorded


def test_the_last_output_is_the_score_and_changes_no_confidence(tmp_path: Path) -> None:
    write_scored(tmp_path / "scored" / "bundle", NoneOfThese(2.0, -0.5))
    write(tmp_path / "plain" / "bundle", installed_spec(), model=graph("pooling", "texts"))
    found, plain = (loaded(tmp_path / name / "bundle").predict(TEXTS) for name in ("scored", "plain"))
    np.testing.assert_allclose(found.coarse, plain.coarse, atol=1e-6)
    assert plain.none_of_these is None
    assert found.none_of_these is not None
    assert found.none_of_these.shape == (3,)
    assert found.none_of_these.dtype == np.float32
    assert len({round(score, 4) for score in found.none_of_these.tolist()}) == 3


def test_scale_and_shift_calibrate_the_score(tmp_path: Path) -> None:
    def logits(found: Probabilities) -> Floats:
        score = found.none_of_these
        assert score is not None
        found_logits: Floats = np.log(score / (1 - score))
        return found_logits

    write_scored(tmp_path / "raw" / "bundle", NoneOfThese(1, 0))
    write_scored(tmp_path / "calibrated" / "bundle", NoneOfThese(2, -0.5))
    raw, calibrated = (loaded(tmp_path / name / "bundle").predict(TEXTS) for name in ("raw", "calibrated"))
    np.testing.assert_allclose(logits(calibrated), 2 * logits(raw) - 0.5, atol=1e-4)


def test_low_logits_of_all_labels_are_evidence_too() -> None:
    outputs = np.array([[8, 0, 0, 5], [1, 1, 0, 5]], np.float32)
    energy = -np.log(np.exp(outputs[:, :3]).sum(axis=1))
    found = scores(outputs, NoneOfThese(0.5, 1, 2))
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-(0.5 * 5 + 2 * energy + 1))), atol=1e-6)
    assert found[0] < found[1]


def test_the_score_of_any_logit_is_from_0_to_1() -> None:
    with np.errstate(all="raise"):
        found = scores(np.array([[0, 1e30], [0, -1e30], [0, 0], [0, 3], [0, -3]], np.float32), NoneOfThese(2, 0))
    np.testing.assert_allclose(found, [1, 0, 0.5, 0.997527, 0.002473], atol=1e-6)


def test_the_self_check_compares_the_score(folder: Path) -> None:
    manifest = write_scored(folder, NoneOfThese(1, 0))
    loaded(folder).check_golden()
    seal(folder, replace(manifest, none_of_these=NoneOfThese(1, 0.5)))
    with pytest.raises(BundleError, match=r"self-check failed: 'miaow' gives none_of_these 0\.\d+, recorded 0\.\d+"):
        loaded(folder).check_golden()


def test_a_graph_with_another_number_of_outputs_is_refused(folder: Path) -> None:
    manifest = write_scored(folder, NoneOfThese(1, 0))
    plain = tuple(replace(entry, none_of_these=None) for entry in manifest.golden)
    seal(folder, replace(manifest, none_of_these=None, golden=plain))
    assert refusal(folder) == f"{folder}: the model has 3 outputs for 2 labels"
    (folder / MODEL).write_bytes(graph("pooling", "texts"))
    seal(folder, replace(manifest, files={MODEL: sha256_of(folder / MODEL)}))
    assert refusal(folder) == f"{folder}: the model has 2 outputs for 2 labels and none_of_these"


def test_a_model_without_a_server_gives_the_score(tmp_path: Path) -> None:
    write_scored(tmp_path / "scored" / "bundle", NoneOfThese(1, 0))
    write(tmp_path / "plain" / "bundle", installed_spec(), model=graph("pooling", "texts"))
    scored, plain = (load_predict(tmp_path / name / "bundle") for name in ("scored", "plain"))
    assert [answer[3] for answer in plain(TEXTS)] == [None] * 3
    assert all(0 < answer[3] < 1 for answer in scored(TEXTS) if answer[3] is not None)
    assert None not in [answer[3] for answer in scored(TEXTS)]


@dataclass
class FixedGraph:
    """A graph with the same outputs for any input."""

    outputs: Sequence[Sequence[float]]

    def run(self, _: Inputs) -> Floats:
        return np.array(self.outputs, np.float32)


def ensemble(*members: tuple[Sequence[float], NoneOfThese | None]) -> list[float]:
    """The outputs of an ensemble for one text, from the outputs and the calibration of each member."""
    made = {
        str(number): Member("raw", None, FixedGraph([outputs]), 2.0, calibration)  # type: ignore[arg-type]
        for number, (outputs, calibration) in enumerate(members)
    }
    (row,) = EnsembleGraph(made).run({}).tolist()
    return row  # type: ignore[no-any-return]


def test_an_ensemble_s_raw_logit_is_the_mean_of_its_members_calibrated_ones() -> None:
    found = ensemble(([2, 4, 1], NoneOfThese(3, 1)), ([6, 0, -2], NoneOfThese(0.5, 0)))
    assert found == pytest.approx([2, 1, (3 * 1 + 1 + 0.5 * -2) / 2])


def test_a_member_without_a_score_counts_for_the_labels_only() -> None:
    assert ensemble(([2, 4, 1], NoneOfThese(3, 1)), ([6, 0], None)) == pytest.approx([2, 1, 4])
    assert ensemble(([2, 4], None), ([6, 0], None)) == pytest.approx([2, 1])


def write_ensemble(folder: Path, *, is_second_scored: bool) -> None:
    first = write_scored(folder / "first", NoneOfThese(2, -1))
    shutil.rmtree(folder / "outside")
    if is_second_scored:
        write_scored(folder / "second", NoneOfThese(1, 0))
    else:
        write(folder / "second", installed_spec(), model=graph("pooling", "texts"))
    files = [f"{member}/{name}" for member in ("first", "second") for name in ("manifest.json", MODEL)]
    manifest = replace(
        first,
        encoder=EncoderSpec("ensemble"),
        members=("first", "second"),
        runtimes={"onnxruntime": f"first/{MODEL}"},
        files={name: sha256_of(folder / name) for name in files},
        none_of_these=NoneOfThese(1.5, 0.25),
    )
    seal(folder, manifest)


def test_an_ensemble_calibrates_the_mean_once_more(folder: Path) -> None:
    write_ensemble(folder, is_second_scored=True)
    found = loaded(folder).predict(TEXTS)
    first, second = (loaded(folder / name).predict(TEXTS).none_of_these for name in ("first", "second"))
    assert found.none_of_these is not None
    assert first is not None
    assert second is not None
    mean = (np.log(first / (1 - first)) + np.log(second / (1 - second))) / 2
    np.testing.assert_allclose(found.none_of_these, 1 / (1 + np.exp(-1.5 * mean - 0.25)), atol=1e-5)


def test_a_member_without_the_score_does_not_count_for_it(folder: Path) -> None:
    write_ensemble(folder, is_second_scored=False)
    found = loaded(folder).predict(TEXTS).none_of_these
    first = loaded(folder / "first").predict(TEXTS).none_of_these
    assert found is not None
    assert first is not None
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-1.5 * np.log(first / (1 - first)) - 0.25)), atol=1e-5)
