"""The score that a text belongs to none of the labels, wherever a caller sees it, and its absence."""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from questiontopic import Labeller, TopicClient, Topics
from questiontopic.command.failure import Failure
from questiontopic.label.names import Names
from questiontopic.merging import Merging
from questiontopic.testing import TopicServer

from .callers import Many, Predict
from .command import run
from .labelling import csv_rows, json_rows, label

TEXTS = ["How much?", "many thank"]


@pytest.fixture
def scored(topic_server: TopicServer) -> TopicServer:
    """A server whose model has the score."""
    topic_server.topics = {"How much?": "NUM:money", "many thank": "NUM:count"}
    topic_server.none_of_these = {"many thank": 0.9375}
    return topic_server


def test_each_prediction_has_it(scored: TopicServer, predict: Predict) -> None:
    predictions = predict(scored.address, TEXTS).predictions
    assert [prediction.none_of_these for prediction in predictions] == [0, 0.9375]
    assert all(prediction.HasField("none_of_these") for prediction in predictions)
    assert scored.client.describe_model().has_none_of_these


def test_plain_values_have_it(scored: TopicServer, many: Many) -> None:
    assert [topics.none_of_these for topics in many(scored.address, TEXTS)] == [0, 0.9375]
    assert scored.client.predict(TEXTS).columns()["none_of_these"] == [0, 0.9375]
    skipped = list(many(scored.address, ["How much?", " "], on_error="skip"))
    assert [topics.none_of_these for topics in skipped] == [0, None]


def test_merged_questions_keep_it(scored: TopicServer) -> None:
    with TopicClient.plaintext(scored.address, merging=Merging()) as client:
        assert [client.predict([text])[0].none_of_these for text in TEXTS] == [0, 0.9375]


def test_a_model_without_it_leaves_it_absent(scored: TopicServer, many: Many) -> None:
    scored.none_of_these = None
    assert [topics.none_of_these for topics in many(scored.address, TEXTS)] == [None, None]
    assert not scored.client.predict_topic(TEXTS).predictions[0].HasField("none_of_these")
    assert not scored.client.describe_model().has_none_of_these
    assert "noneOfThese" not in run("--address", scored.address, "--output", "jsonl", *TEXTS).output
    assert "none of these" not in run("--address", scored.address, "--none-from", "0", *TEXTS).output


def test_a_labeller_gives_a_column_of_it_if_that_is_asked_for(scored: TopicServer) -> None:
    source = partial(TopicClient.plaintext, scored.address)
    assert "none_of_these" not in Labeller(source)(TEXTS)
    copied = pickle.loads(pickle.dumps(Labeller(source, none_of_these=True)))
    columns = copied([*TEXTS, ""])
    assert columns["none_of_these"] == [0, 0.9375, None]
    assert columns["topic"] == ["NUM", "NUM", ""]


def test_a_labeller_takes_it_from_a_model_in_this_process() -> None:
    def load() -> Any:
        def predict(texts: Sequence[str]) -> list[tuple[dict[str, float], dict[str, float], bool, float | None]]:
            return [({"HUM": 1.0}, {}, False, 0.25 if text == "a" else None) for text in texts]

        return predict

    assert Labeller(load, none_of_these=True)(["a", "b"])["none_of_these"] == [0.25, None]


@pytest.mark.parametrize(
    ("flags", "marked"),
    [((), True), (("--none-from", "0.9375"), True), (("--none-from", "0.94"), False), (("--none-from", "1"), False)],
)
def test_a_table_marks_texts_from_the_threshold_on(scored: TopicServer, flags: Sequence[str], marked: bool) -> None:
    mark = " [none of these: 0.937500]" if marked else ""
    assert run("--address", scored.address, *flags, *TEXTS).output == (
        "TOPIC         CONFIDENCE  TEXT\n"
        "NUM             1.000000  How much?\n"
        f"NUM             1.000000  many thank{mark}\n"
    )


def test_json_lines_always_have_it(scored: TopicServer) -> None:
    lines = run("--address", scored.address, "--output", "jsonl", "--none-from", "1", *TEXTS).output.splitlines()
    assert lines[1].endswith('"truncated":false,"noneOfThese":0.937500}')
    assert [json.loads(line)["noneOfThese"] for line in lines] == [0, 0.9375]


@pytest.mark.parametrize("score", ["-0.1", "1.1", "NaN", "1e-1", "", "half"])
def test_a_threshold_is_from_0_to_1(score: str) -> None:
    outcome = run("--none-from", score, "Who?") if score != "-0.1" else run(f"--none-from={score}", "Who?")
    message = "questiontopic: argument --none-from: must be a decimal number, at most 1\n"
    assert outcome == (2, "", message)


def test_a_labelled_csv_has_a_column_of_it(scored: TopicServer, tmp_path: Path) -> None:
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("text\nHow much?\nmany thank\n \n")
    label(scored.address, source, "--output", output)
    rows = csv_rows(output.read_bytes())
    added = ["topic", "confidence", "fine_topic", "fine_confidence", "none_of_these", "label_error"]
    assert rows[:3] == [
        ["text", *added],
        ["How much?", "NUM", "1.0000", "NUM:money", "1.0000", "0.0000", ""],
        ["many thank", "NUM", "1.0000", "NUM:count", "1.0000", "0.9375", ""],
    ]
    assert rows[3][5] == ""
    assert "must have a character" in rows[3][6]


def test_labelled_json_lines_have_it(scored: TopicServer, tmp_path: Path) -> None:
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"text":"many thank"}\n{"text":" "}\n')
    label(scored.address, source, "--output", output, "--prefix", "my_")
    rows = json_rows(output.read_bytes())
    assert [row["my_none_of_these"] for row in rows] == [0.9375, None]


def test_labelled_parquet_has_numbers(scored: TopicServer, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow.parquet")
    arrow: Any = sys.modules["pyarrow"]
    source, output = tmp_path / "in.csv", tmp_path / "out.parquet"
    source.write_text("text\nmany thank\n \n")
    label(scored.address, source, "--output", output, "--prefix", "confidence_")
    table = arrow.parquet.read_table(output)
    assert table.column("confidence_none_of_these").to_pylist() == [0.9375, None]
    assert table.column("confidence_topic").to_pylist() == ["NUM", None]
    assert table.schema.field("confidence_none_of_these").type == arrow.float64()


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_job_is_resumed_with_it_but_not_onto_rows_without_it(scored: TopicServer, tmp_path: Path, form: str) -> None:
    source, output = tmp_path / "in.csv", tmp_path / f"out.{form}"
    source.write_text("text\n" + "many thank\n" * 5)
    flags = ("--output", output, "--texts-per-call", "2")
    label(scored.address, source, *flags)
    whole = output.read_bytes()
    output.write_bytes(whole[:-70])
    label(scored.address, source, *flags, "--resume")
    assert output.read_bytes() == whole
    scored.none_of_these = None
    label(scored.address, source, *flags, "--overwrite")
    scored.none_of_these = {}
    with pytest.raises(Failure, match="other columns"):
        label(scored.address, source, *flags, "--resume")


def test_a_column_of_that_name_in_the_input_is_refused_only_if_it_is_added(scored: TopicServer, tmp_path: Path) -> None:
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("text,none_of_these\nmany thank,mine\n")
    with pytest.raises(Failure, match="the input has a column 'none_of_these' already"):
        label(scored.address, source, "--output", output)
    scored.none_of_these = None
    label(scored.address, source, "--output", output)
    assert csv_rows(output.read_bytes())[1][1] == "mine"


def test_a_missing_score_is_an_empty_cell() -> None:
    """A balancer may pass a call on to a server whose model has no score."""
    names = Names("", fine=False, none_of_these=True)
    assert names.values(Topics("Who?", "HUM", 1.0)) == ["HUM", 1.0, None]
