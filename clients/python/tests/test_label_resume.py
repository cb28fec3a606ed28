"""`questiontopic label --resume` goes on with whatever a stopped job left."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from questiontopic import TopicError
from questiontopic.command.failure import Failure
from questiontopic.testing import TopicServer

from .conftest import Serve
from .labelling import coarse_service, csv_rows, json_rows, label, questions, table_of

_FLAGS = ("--texts-per-call", "2", "--in-flight", "2")


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_an_output_that_was_cut_at_any_byte_becomes_the_same_again(serve: Serve, tmp_path: Path, form: str) -> None:
    address = serve(coarse_service())
    source, whole, output = tmp_path / "in.csv", tmp_path / f"whole.{form}", tmp_path / f"out.{form}"
    source.write_bytes(questions(3))
    label(address, source, "--output", whole, *_FLAGS)
    expected = whole.read_bytes()
    for size in range(len(expected) + 1):
        output.write_bytes(expected[:size])
        done = label(address, source, "--output", output, "--resume", *_FLAGS)
        assert output.read_bytes() == expected, size
        assert done.notes[0].startswith("3 rows"), size
        assert not done.complete, "row 3 is blank, labelled now or before"


_TEXT = st.text(st.sampled_from('ab",;\t|\n\r é\ufeff\u2028\x00\\{}'), max_size=6)
_ROWS = st.lists(st.lists(_TEXT, min_size=2, max_size=2), max_size=7)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=_ROWS, cut=st.floats(0, 1), delimiter=st.sampled_from(",;\t|"), ends=st.sampled_from(["\n", "\r\n"]))
def test_any_table_keeps_its_fields_and_can_be_resumed(
    any_address: str, rows: list[list[str]], cut: float, delimiter: str, ends: str
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        # Not a first field that is empty alone in its line: the header makes two columns.
        (folder / "in.csv").write_bytes(table_of([["note", "question"], *rows], delimiter, ends))
        written = _cut_and_resumed(any_address, folder / "in.csv", folder / "out.csv", cut)
        assert [row[:2] for row in csv_rows(written, delimiter)[1:]] == rows
        # And on to JSON lines, and their own members to JSON lines again.
        objects = json_rows(_cut_and_resumed(any_address, folder / "in.csv", folder / "out.jsonl", cut))
        assert [[row["note"], row["question"]] for row in objects] == rows
        lines = [json.dumps({"question": text, "n": [note, None, 1.10]}) for note, text in rows]
        (folder / "in.jsonl").write_text("".join(f"{line}\n" for line in lines))
        again = _cut_and_resumed(any_address, folder / "in.jsonl", folder / "again.jsonl", cut).decode().split("\n")
        assert all(after.startswith(before[:-1]) for before, after in zip(lines, again, strict=False))
        assert len(again) == len(lines) + 1


@pytest.fixture
def any_address(serve: Serve) -> str:
    return serve(coarse_service())


def _cut_and_resumed(address: str, source: Path, output: Path, cut: float) -> bytes:
    label(address, source, "--output", output, *_FLAGS)
    whole = output.read_bytes()
    output.write_bytes(whole[: round(cut * len(whole))])
    label(address, source, "--output", output, "--resume", *_FLAGS)
    assert output.read_bytes() == whole
    return whole


def test_resuming_asks_only_for_what_is_missing_from_the_beginning_of_a_call(serve: Serve, tmp_path: Path) -> None:
    service = coarse_service()
    address, source, output = serve(service), tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(table_of([["text"], *([f"Who {i}?"] for i in range(10))]))
    label(address, source, "--output", output, "--texts-per-call", "4")
    content = output.read_bytes()
    output.write_bytes(content[: content.index(b"Who 7?") + 3])
    service.requests.clear()
    done = label(address, source, "--output", output, "--resume", "--texts-per-call", "4")
    assert sorted(list(request.texts) for request in service.requests) == [
        ["Who 4?", "Who 5?", "Who 6?", "Who 7?"],
        ["Who 8?", "Who 9?"],
    ]
    assert done.notes[0].startswith("10 rows, 4 of them labelled before: 10 labelled, 0 with an error")
    service.requests.clear()
    assert label(address, source, "--output", output, "--resume").complete
    assert (service.requests, output.read_bytes()) == ([], content)


def test_a_resumed_job_that_fails_leaves_whole_rows(serve: Serve, tmp_path: Path) -> None:
    service = coarse_service()
    address, source, output = serve(service), tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(questions(5))
    label(address, source, "--output", output, *_FLAGS)
    content = output.read_bytes()
    start_of_row_3 = content.index(b"\n2,") + 1
    output.write_bytes(content[: start_of_row_3 + 4])
    service.error = TopicError(grpc.StatusCode.INTERNAL, "our fault")
    service.answer = functools.partial(TopicServer.answer, service)  # type: ignore[method-assign]
    with pytest.raises(TopicError, match="our fault"):
        label(address, source, "--output", output, "--resume", *_FLAGS)
    assert output.read_bytes() == content[:start_of_row_3]


def test_resuming_starts_where_there_is_no_output(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(b"text\nWho?\n")
    label(serve(coarse_service()), tmp_path / "in.csv", "--output", tmp_path / "out.csv", "--resume")
    assert (tmp_path / "out.csv").read_bytes() == b"text,topic,confidence,label_error\nWho?,HUM,0.7500,\n"


def _other_row(content: bytes) -> bytes:
    return content.replace(b"you, 1", b"you, 2")


def _torn_elsewhere(content: bytes) -> bytes:
    return content[: content.index(b"plain")] + b"plaid"


@pytest.mark.parametrize(
    ("form", "change", "message"),
    [
        ("csv", _other_row, "--resume: row 2 of the output is not that of the input"),
        ("jsonl", _other_row, "--resume: row 2 of the output is not that of the input"),
        (
            "csv",
            lambda content: content[: content.index(b"plain")] + b"plaid",
            "--resume: row 3 of the output is not that of the input",
        ),
        ("csv", lambda content: content + b"3,Who?,,HUM,0.75,\n", "--resume: the output has more rows than the input"),
        ("csv", lambda content: content + b"3", "--resume: the output has more rows than the input"),
        ("csv", lambda content: b"a letter to a friend", "--resume: the output begins with other columns"),
        ("jsonl", lambda content: b"a letter to a friend", "--resume: row 1 of the output is not that of the input"),
        ("csv", lambda content: content.replace(b"topic", b"TOPIC"), "--resume: the output begins with other columns"),
        (
            "jsonl",
            lambda content: content.replace(b"topic", b"TOPIC"),
            "--resume: row 1 of the output has other columns",
        ),
    ],
)
def test_an_output_of_something_else_is_refused_and_stays_as_it_is(
    serve: Serve, tmp_path: Path, form: str, change: Callable[[bytes], bytes], message: str
) -> None:
    address, source, output = serve(coarse_service()), tmp_path / "in.csv", tmp_path / f"out.{form}"
    source.write_bytes(questions(3))
    label(address, source, "--output", output)
    changed = change(output.read_bytes())
    output.write_bytes(changed)
    with pytest.raises(Failure) as failed:
        label(address, source, "--output", output, "--resume")
    assert str(failed.value).startswith(message)
    assert output.read_bytes() == changed


def test_an_output_that_is_there_is_replaced_only_if_that_is_asked_for(serve: Serve, tmp_path: Path) -> None:
    address, source, output = serve(coarse_service()), tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(b"text\nWho?\n")
    output.write_bytes(b"precious")
    with pytest.raises(Failure, match="is there already: go on with --resume, or replace it with --overwrite"):
        label(address, source, "--output", output)
    assert output.read_bytes() == b"precious"
    label(address, source, "--output", output, "--overwrite")
    assert output.read_bytes().startswith(b"text,topic")
    with pytest.raises(Failure, match="is the input: name another file"):
        label(address, source, "--output", source, "--overwrite")
    assert source.read_bytes() == b"text\nWho?\n"
