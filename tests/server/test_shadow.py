"""A shadow computes a share of the real questions, and the metrics say how often it agrees."""

from __future__ import annotations

import re
import time
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from prometheus_client.parser import text_string_to_metric_families
from questions import unlabelled_questions
from server_process import DEFAULT_BUNDLE, ServerProcess, refused

from questiontopic import TopicClient
from questiontopic_model.bundle import read_bundle
from questiontopic_model.loading import load_topic_model
from questiontopic_model.topic_model import TopicModel

_LOADED = re.compile(r"shadow: (\S+) (\S+)\n")
_SECONDS = 60.0


def serving(shadow: Path, *flags: str) -> ServerProcess:
    return ServerProcess(DEFAULT_BUNDLE, "--metrics-port", "0", "--shadow", str(shadow), *flags)


def compared(server: ServerProcess) -> tuple[Counter[tuple[str, str]], int]:
    """The texts that were compared, by topic and agreement, and the number of those that were left out."""
    found = re.search(r"metrics on (http\S+)", server.log)
    assert found
    with urllib.request.urlopen(found[1], timeout=10) as response:
        families = {each.name: each for each in text_string_to_metric_families(response.read().decode())}
    counts = Counter(
        {
            (each.labels["topic"], each.labels["agrees"]): int(each.value)
            for each in families["questiontopic_shadow_texts"].samples
        }
    )
    return counts, int(families["questiontopic_shadow_dropped_texts"].samples[0].value)


def offline(bundle: Path, questions: list[str], cache: Path) -> list[str]:
    model: TopicModel = load_topic_model(read_bundle(bundle), "auto", cache, 1)
    parts = [model.predict(questions[start : start + 50]).coarse for start in range(0, len(questions), 50)]
    return [model.manifest.coarse_labels[best] for best in np.argmax(np.concatenate(parts), axis=1).tolist()]


def test_the_counted_agreement_is_that_of_an_offline_comparison(ensemble_folder: Path, tmp_path: Path) -> None:
    questions = unlabelled_questions(300)
    with (
        serving(ensemble_folder, "--shadow-share", "1") as server,
        TopicClient.plaintext(server.address) as client,
    ):
        server.wait_for(_LOADED)
        for start in range(0, len(questions), 50):
            client.predict_topic(questions[start : start + 50])
            deadline = time.monotonic() + _SECONDS
            while (
                sum((counted := compared(server))[0].values()) < start + 50
            ):  # At the shadow's pace: none is left out.
                assert time.monotonic() < deadline, counted
                time.sleep(0.05)
    counts, left_out = counted
    served, shadowed = (offline(bundle, questions, tmp_path) for bundle in (DEFAULT_BUNDLE, ensemble_folder))
    agreements = ["yes" if one == other else "no" for one, other in zip(served, shadowed, strict=True)]
    assert counts == Counter(zip(served, agreements, strict=True))
    assert left_out == 0
    assert 0 < agreements.count("no") < 30


def test_under_load_the_shadow_leaves_texts_out_and_no_call_fails(ensemble_folder: Path) -> None:
    questions = unlabelled_questions(1_600)
    with (
        serving(ensemble_folder, "--shadow-share", "1") as server,
        TopicClient.plaintext(server.address) as client,
        ThreadPoolExecutor(32) as threads,
    ):
        server.wait_for(_LOADED)
        parts = [questions[start : start + 100] for start in range(0, len(questions), 100)]
        answers = list(threads.map(client.predict_topic, parts))
        assert [len(answer.predictions) for answer in answers] == [100] * 16
        counts, left_out = compared(server)
    assert left_out > 0
    assert sum(counts.values()) + left_out <= len(questions)
    assert {answer.model.name for answer in answers} == {"usem3"}


def test_only_a_share_is_compared() -> None:
    with (
        serving(DEFAULT_BUNDLE, "--shadow-share", "0.5") as server,
        TopicClient.plaintext(server.address) as client,
    ):
        server.wait_for(_LOADED)
        for _ in range(200):
            client.predict_topic(["Who wrote Ulysses?"])
        counts, left_out = compared(server)
    assert set(counts) <= {("HUM", "yes")}
    assert 50 < counts["HUM", "yes"] + left_out < 150, "the chance of this is below one in a million million"


def test_a_shadow_that_cannot_be_loaded_is_told_and_the_server_goes_on(tmp_path: Path) -> None:
    with serving(tmp_path / "nothing") as server, TopicClient.plaintext(server.address) as client:
        server.wait_for(re.compile("the shadow was not loaded: .*nothing: no such bundle folder"))
        assert client.predict_topic(["Who wrote Ulysses?"]).predictions[0].coarse.top_topic == "HUM"


def test_a_shadow_without_metrics_is_refused() -> None:
    code, error = refused("--bundle", str(DEFAULT_BUNDLE), "--shadow", str(DEFAULT_BUNDLE))
    assert code == 2
    assert error == (
        "questiontopic-server: error: --shadow: needs --metrics-port: only the metrics show how often it agrees\n"
    )
