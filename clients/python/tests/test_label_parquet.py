"""`questiontopic label` on Parquet."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from questiontopic.command.failure import Failure

from .command import run
from .conftest import Serve
from .labelling import coarse_service, csv_rows, json_rows, label

_WITHOUT = "import sys; sys.modules['pyarrow'] = None; from questiontopic.command import main; sys.exit(main())"


@pytest.fixture
def arrow() -> Any:
    pytest.importorskip("pyarrow.parquet")
    return sys.modules["pyarrow"]


def _table(arrow: Any, rows: int) -> Any:
    times = arrow.array([i * 1_000_000_001 for i in range(rows)], arrow.timestamp("ns"))  # No Python type holds them.
    texts = ["What is your salary?", None, "Who?"]
    schema = arrow.schema(
        [("when", arrow.timestamp("ns")), ("text", arrow.string()), ("tags", arrow.list_(arrow.int8()))],
        metadata={"made": "by hand"},
    )
    columns = [times, [texts[i % 3] for i in range(rows)], [[i % 7] * (i % 3) for i in range(rows)]]
    return arrow.table([arrow.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)


def test_every_column_stays_as_it_is(serve: Serve, tmp_path: Path, arrow: Any) -> None:
    before = _table(arrow, 3000)
    arrow.parquet.write_table(before, tmp_path / "in.parquet", row_group_size=700)
    done = label(serve(coarse_service()), tmp_path / "in.parquet", "--output", tmp_path / "out.parquet")
    before = arrow.parquet.read_table(tmp_path / "in.parquet")  # Parquet has its own names inside lists.
    after = arrow.parquet.read_table(tmp_path / "out.parquet")
    assert after.select(before.column_names).equals(before, check_metadata=True)
    blank = "must have a character that is not white space"
    assert after.slice(0, 3).select(["topic", "confidence", "label_error"]).to_pylist() == [
        {"topic": "NUM", "confidence": 0.75, "label_error": None},
        {"topic": None, "confidence": None, "label_error": blank},
        {"topic": "HUM", "confidence": 0.75, "label_error": None},
    ]
    assert done.notes[0].startswith("3,000 rows: 2,000 labelled, 1,000 with an error")
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith("out")] == ["out.parquet"]


def test_parquet_becomes_text(serve: Serve, tmp_path: Path, arrow: Any) -> None:
    columns = {"text": ["Who?"], "n": [Decimal("1.50")], "when": [datetime(2020, 1, 2, 3)], "none": [None], "b": [True]}
    arrow.parquet.write_table(arrow.table(columns), tmp_path / "in.parquet")
    address = serve(coarse_service())
    label(address, tmp_path / "in.parquet", "--output", tmp_path / "out.jsonl")
    assert json_rows((tmp_path / "out.jsonl").read_bytes()) == [
        {"text": "Who?", "n": "1.50", "when": "2020-01-02 03:00:00", "none": None, "b": True}
        | {"topic": "HUM", "confidence": 0.75, "label_error": None}
    ]
    label(address, tmp_path / "in.parquet", "--output", tmp_path / "out.csv")
    row = csv_rows((tmp_path / "out.csv").read_bytes())[1]
    assert row == ["Who?", "1.50", "2020-01-02 03:00:00", "", "true", "HUM", "0.7500", ""]


def test_numbers_that_json_does_not_have_become_null(serve: Serve, tmp_path: Path, arrow: Any) -> None:
    columns = {"text": ["Who?"], "n": [float("nan")], "all": [[1.5, float("inf")]]}
    arrow.parquet.write_table(arrow.table(columns), tmp_path / "in.parquet")
    label(serve(coarse_service()), tmp_path / "in.parquet", "--output", tmp_path / "out.jsonl")
    (row,) = json_rows((tmp_path / "out.jsonl").read_bytes())
    assert (row["n"], row["all"]) == (None, [1.5, None])


def test_text_becomes_parquet_with_columns_of_strings(serve: Serve, tmp_path: Path, arrow: Any) -> None:
    (tmp_path / "in.csv").write_bytes(b"id,text\n007,Who?\n1,Who?,more\n")
    label(serve(coarse_service()), tmp_path / "in.csv", "--output", tmp_path / "out.parquet")
    first, second = arrow.parquet.read_table(tmp_path / "out.parquet").to_pylist()
    assert first == {"id": "007", "text": "Who?", "topic": "HUM", "confidence": 0.75, "label_error": None}
    assert second["label_error"] == 'the header has 2 fields, but the row has 3: ["more"]'


def test_nothing_takes_the_name_before_the_file_is_whole(serve: Serve, tmp_path: Path, arrow: Any) -> None:
    (tmp_path / "in.csv").write_bytes(b'text\nWho?\n"' + (b"x" * 1000 + b"\n") * 17_000)
    (tmp_path / "out.parquet").write_bytes(b"before")
    with pytest.raises(Failure, match="is a quote not closed"):
        label(serve(coarse_service()), tmp_path / "in.csv", "--output", tmp_path / "out.parquet", "--overwrite")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["in.csv", "out.parquet"]
    assert (tmp_path / "out.parquet").read_bytes() == b"before"


def test_a_column_of_something_else_is_refused(serve: Serve, tmp_path: Path, arrow: Any) -> None:
    arrow.parquet.write_table(arrow.table({"text": [1]}), tmp_path / "in.parquet")
    with pytest.raises(Failure, match="the column 'text' has int64, not strings"):
        label(serve(coarse_service()), tmp_path / "in.parquet", "--output", tmp_path / "out.csv")


def test_a_file_that_is_not_parquet_is_named(serve: Serve, tmp_path: Path, arrow: Any) -> None:
    (tmp_path / "in.parquet").write_bytes(b"text\nWho?\n")
    with pytest.raises(Failure, match=r"in\.parquet: "):
        label(serve(coarse_service()), tmp_path / "in.parquet", "--output", tmp_path / "out.csv")


def test_without_pyarrow_the_extra_is_named(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "in.parquet").write_bytes(b"PAR1")
    command = [sys.executable, "-c", _WITHOUT, "label", "--address", serve(coarse_service())]
    files = [str(tmp_path / "in.parquet"), "--output", str(tmp_path / "out.csv")]
    done = subprocess.run([*command, *files], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "questiontopic: Parquet needs pyarrow: pip install 'questiontopic[parquet]'\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("a.csv", "--output", "b.parquet", "--resume"),
            "Parquet cannot be continued; write .csv or .jsonl to be able",
        ),
        (("a.parquet",), "Parquet cannot be written to standard output: name the file with --output"),
    ],
)
def test_what_parquet_cannot_do_is_wrong_usage(arguments: tuple[str, ...], message: str) -> None:
    outcome = run("label", *arguments)
    assert (outcome.code, message in outcome.error) == (2, True)
