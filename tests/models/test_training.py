"""`make train` gives again what is committed and stated. Runs after it, in .ci/run: marker `trained`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import keras
import pytest
from server_process import ROOT, ServerProcess

from questiontopic import TopicClient
from questiontopic_model.bundle import Manifest, read_bundle

MADE = Path(os.environ.get("QUESTIONTOPIC_TRAINED", ROOT / "build"))
STATED = json.loads((ROOT / "docs" / "recipes.json").read_text("utf-8"))

pytestmark = pytest.mark.trained


def made(recipe: str) -> Manifest:
    if not (MADE / recipe).is_dir():
        pytest.skip(f"nothing in build/{recipe}: run `make train RECIPE={recipe}` first")
    return read_bundle(MADE / recipe).manifest


@pytest.mark.parametrize(
    ("recipe", "level"), [("finetuned", "coarse"), ("finetuned", "fine"), ("head", "coarse"), ("original", "coarse")]
)
def test_a_recipe_gives_the_stated_accuracy_again(recipe: str, level: str) -> None:
    mean, spread = STATED[recipe][level]
    assert made(recipe).metrics[f"test_{level}_accuracy"] == pytest.approx(mean, abs=2 * spread + 0.005)


@pytest.mark.parametrize(("recipe", "name"), [("distilled", "usem3"), ("minilm", "minilm"), ("ensemble", "ensemble")])
def test_a_committed_bundle_is_what_the_command_makes(recipe: str, name: str) -> None:
    found = made(recipe)
    committed = Manifest.from_json(json.loads((ROOT / "models" / name / "manifest.json").read_text("utf-8")))
    assert _of_first_seed(found) == _of_first_seed(committed)
    assert (found.temperature, found.temperatures) == (committed.temperature, committed.temperatures)
    assert found.golden == committed.golden


def test_the_made_bundle_serves() -> None:
    made("finetuned")
    with ServerProcess(MADE / "finetuned") as server, TopicClient.plaintext(server.address) as client:
        (prediction,) = client.predict_topic(["What is your salary?"]).predictions
    assert prediction.coarse.top_topic == "NUM"


def test_the_original_recipe_is_the_article_s() -> None:
    made("original")
    model = keras.models.load_model(MADE / "original" / "model.keras", compile=False)
    assert model.get_layer("head").count_params() == 198_662


def _of_first_seed(manifest: Manifest) -> dict[str, Any]:
    """Its figures without those over all seeds, of which there may be more or fewer."""
    return {
        name: value
        for name, value in manifest.metrics.items()
        if not name.endswith(("_mean", "_std")) and name != "seeds"
    }
