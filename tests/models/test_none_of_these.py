"""The committed bundles flag texts that ask for none of their labels, through the running server."""

from __future__ import annotations

from pathlib import Path

import pytest
from server_process import ServerProcess

from questiontopic import TopicClient

QUESTIONS = (
    "Who wrote Ulysses?",
    "What is the boiling point of ethanol?",
    "when did the berlin wall fall",
    "What does CPU stand for?",
    "¿Dónde está la biblioteca?",
    "Wie viele Monde hat der Jupiter?",
)
OTHERS = (
    "asdf qwer",
    "...",
    "?!",
    "🙂",
    "The train to Leeds was late again this morning.",
    "turn off the lights in the kitchen",
    "many thanks",
    "Ich habe gestern meinen Schlüssel verloren.",
)


def test_statements_commands_and_noise_are_flagged_and_questions_are_not(bundle: Path) -> None:
    with ServerProcess(bundle) as server, TopicClient.plaintext(server.address) as client:
        if not client.describe_model().has_none_of_these:
            pytest.skip(f"{bundle.name} has no such score")
        predictions = client.predict_topic([*QUESTIONS, *OTHERS]).predictions
    scores = {
        text: round(found.none_of_these, 2) for text, found in zip([*QUESTIONS, *OTHERS], predictions, strict=True)
    }
    assert {text for text, score in scores.items() if score >= 0.5} == set(OTHERS), scores
    assert all(sum(found.coarse.confidences.values()) == pytest.approx(1, abs=1e-5) for found in predictions)
