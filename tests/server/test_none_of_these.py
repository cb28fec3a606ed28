"""The score "none of these" from a real bundle to each caller, and what a bundle without it leaves out."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from gateway import gateway
from server_process import DEFAULT_BUNDLE, ServerProcess, server_python

from questiontopic import TopicClient, Topics
from questiontopic_model.bundle import read_bundle
from questiontopic_model.loading import load_topic_model

TEXTS = ["What is your salary?", "Who wrote Ulysses?", "many thank", "asdf qwer", "您的工资是多少？"]


@pytest.fixture(scope="module")
def scored() -> Iterator[ServerProcess]:
    with ServerProcess(DEFAULT_BUNDLE, "--metrics-port", "0") as process:
        yield process


@pytest.fixture(scope="module")
def answers(scored: ServerProcess) -> Sequence[Topics]:
    with TopicClient.plaintext(scored.address) as client:
        return client.predict(TEXTS)


def test_both_runtimes_give_the_same_score(answers: Sequence[Topics]) -> None:
    bundle = read_bundle(DEFAULT_BUNDLE)
    for runtime in ("onnxruntime", "tensorflow"):
        model = load_topic_model(bundle, runtime, None, 1)
        model.check_golden()
        found = model.predict(TEXTS).none_of_these
        assert found is not None
        assert found.tolist() == pytest.approx([answer.none_of_these for answer in answers], abs=1e-4)


def test_each_text_has_a_score_and_confidences_that_sum_to_one(
    scored: ServerProcess, answers: Sequence[Topics]
) -> None:
    for answer in answers:
        assert answer.none_of_these is not None
        assert 0 <= answer.none_of_these <= 1
        assert sum(answer.confidences.values()) == pytest.approx(1, abs=1e-5)
        assert sum(answer.fine_confidences.values()) == pytest.approx(1, abs=1e-5)
    with TopicClient.plaintext(scored.address) as client:
        assert client.describe_model().has_none_of_these


def test_both_commands_print_it_alike(scored: ServerProcess, commands: Sequence[list[str]]) -> None:
    for flags in (["--output", "jsonl"], ["--none-from", "0"], ["--label-level", "both", "--none-from", "0.2"]):
        go, python = (
            subprocess.run([*command, "--address", scored.address, *flags, *TEXTS], capture_output=True, check=True)
            for command in commands
        )
        assert go.stdout == python.stdout
        assert go.stdout.count(b"none of these" if "jsonl" not in flags else b'"noneOfThese":') > 0


def test_the_gateway_s_json_has_it(scored: ServerProcess, answers: Sequence[Topics]) -> None:
    with gateway(scored.address) as url:
        body = json.dumps({"rawtext_list": TEXTS}).encode()
        with urllib.request.urlopen(f"{url}/predict_topic", body, timeout=30) as response:
            found = json.load(response)
    assert found["none_of_these"] == pytest.approx([answer.none_of_these for answer in answers], abs=1e-4)


def test_a_labelled_table_has_it(scored: ServerProcess, answers: Sequence[Topics], tmp_path: Path) -> None:
    table = tmp_path / "in.csv"
    table.write_text("".join(f"{line}\n" for line in ["text", *TEXTS]), "utf-8")
    command = [*server_python(), "-m", "questiontopic", "label", "--address", scored.address, str(table)]
    written = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    found = [float(row["none_of_these"]) for row in csv.DictReader(written.splitlines())]
    assert found == pytest.approx([answer.none_of_these for answer in answers], abs=1e-3)


def test_the_metrics_count_the_scores(scored: ServerProcess, answers: Sequence[Topics]) -> None:
    (address,) = re.findall(r"metrics on (\S+)", scored.log)
    with urllib.request.urlopen(address, timeout=10) as response:
        lines = response.read().decode().splitlines()
    found = dict(line.rsplit(" ", 1) for line in lines if line.startswith("questiontopic_none_of_these"))
    asked = float(found["questiontopic_none_of_these_count"])
    assert asked >= len(answers)
    assert float(found['questiontopic_none_of_these_bucket{le="1.0"}']) == asked
    assert 0 < float(found["questiontopic_none_of_these_sum"]) < asked


def test_the_check_of_a_bundle_names_it() -> None:
    command = [*server_python(), "-m", "questiontopic_server", "check", str(DEFAULT_BUNDLE)]
    assert "score      none_of_these\n" in subprocess.run(command, capture_output=True, check=True, text=True).stdout
