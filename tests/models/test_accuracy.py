"""The 500 test questions, through the running server, give exactly the accuracy that the model card states."""

from __future__ import annotations

from pathlib import Path

import pytest
from questions import trec_test
from server_process import ServerProcess

from questiontopic import LabelLevel, TopicClient
from questiontopic_model.bundle import read_bundle


@pytest.mark.skipif(not trec_test(), reason="no ../shared/data/trec beside the project")
def test_accuracy_through_the_server_is_the_model_card_s(bundle: Path) -> None:
    rows = trec_test()
    with ServerProcess(bundle) as server, TopicClient.plaintext(server.address) as client:
        response = client.predict_topic([text for _, text in rows], label_level=LabelLevel.LABEL_LEVEL_BOTH)
    coarse = sum(
        p.coarse.top_topic == label.split(":")[0] for p, (label, _) in zip(response.predictions, rows, strict=True)
    )
    fine = sum(p.fine.top_topic == label for p, (label, _) in zip(response.predictions, rows, strict=True))
    metrics = read_bundle(bundle).manifest.metrics
    assert coarse / len(rows) == pytest.approx(metrics["test_coarse_accuracy"], abs=1e-9)
    assert fine / len(rows) == pytest.approx(metrics["test_fine_accuracy"], abs=1e-9)
    card = (bundle / "README.md").read_text("utf-8")
    assert f"{coarse / len(rows):.1%}" in card
    assert f"{fine / len(rows):.1%}" in card
