"""Thousands of questions through each client, 64 calls in flight: all answered right, none lost, none out of order."""

from __future__ import annotations

import json
import subprocess

import numpy as np
import pytest
from server_process import DEFAULT_BUNDLE, ServerProcess

from questiontopic import TopicClient
from questiontopic_model.topic_model import TopicModel

TOLERANCE = 1e-4  # Batches of other sizes sum in another order.


@pytest.fixture(scope="session")
def expected(model: TopicModel, twenty_thousand: list[str]) -> np.ndarray:
    """The same questions in this process: confidences [questions, labels]."""
    parts = [model.predict(twenty_thousand[i : i + 256]).coarse for i in range(0, len(twenty_thousand), 256)]
    return np.concatenate(parts)


@pytest.mark.parametrize("command", ["go_command", "python_command"])
# Calls of 100 texts are divided among batches.
@pytest.mark.parametrize(("texts_per_call", "count"), [(1, 5_000), (100, 20_000)])
def test_thousands_of_questions(
    server: ServerProcess,
    model: TopicModel,
    twenty_thousand: list[str],
    expected: np.ndarray,
    command: str,
    texts_per_call: int,
    count: int,
    request: pytest.FixtureRequest,
) -> None:
    questions, confidences = twenty_thousand[:count], expected[:count]
    flags = ["--address", server.address, "--output", "jsonl", "--timeout", "300"]
    flags += ["--in-flight", "64", "--texts-per-call", str(texts_per_call)]
    run = subprocess.run(
        [*request.getfixturevalue(command), *flags],
        input="\n".join(questions).encode(),
        check=True,
        capture_output=True,
        timeout=600,
    )
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    assert [answer["text"] for answer in answers] == questions
    labels = model.manifest.coarse_labels
    found = np.array([[answer["coarse"]["confidences"][label] for label in labels] for answer in answers])
    assert np.abs(found - confidences).max() <= TOLERANCE
    tops = [answer["coarse"]["topTopic"] for answer in answers]
    decided = np.diff(np.sort(confidences, axis=1)[:, -2:], axis=1)[:, 0] > 2 * TOLERANCE
    assert [top for top, sure in zip(tops, decided, strict=True) if sure] == [
        labels[best] for best, sure in zip(confidences.argmax(axis=1), decided, strict=True) if sure
    ]


def test_two_workers_answer_as_one(model: TopicModel, twenty_thousand: list[str]) -> None:
    texts = twenty_thousand[:500]
    expected = model.predict(texts).coarse
    labels = model.manifest.coarse_labels
    with (
        ServerProcess(DEFAULT_BUNDLE, "--workers", "2") as server,
        TopicClient.plaintext(server.address) as client,
    ):
        for _ in range(5):
            predictions = client.predict_topic(texts).predictions
            found = [[each.coarse.confidences[label] for label in labels] for each in predictions]
            assert np.abs(np.array(found) - expected).max() < TOLERANCE
