"""Lines of standard input that are not sent: what the command prints in their place."""

from __future__ import annotations

import io
import json
import tracemalloc
from pathlib import Path

import grpc
import pytest

from questiontopic import FieldViolation, PredictTopicRequest, PredictTopicResponse
from questiontopic.command.lines import read_lines

from .command import run, table
from .conftest import Serve
from .service import TopicService, refuse, refuse_bad

_UTF_16 = "not valid UTF-8: it looks like UTF-16; convert it first, for example with: iconv -f UTF-16 -t UTF-8"
_HEADER = ("TOPIC", "CONFIDENCE", "TEXT")
_LIMIT = 16_777_216


def _objects(output: str) -> list[tuple[str, str]]:
    """The text and the error of each JSON line."""
    objects = [json.loads(line) for line in output.removesuffix("\n").split("\n") if line]
    return [(each["text"], each.get("error", "")) for each in objects]


def test_a_byte_order_mark_is_left_out(serve: Serve) -> None:
    service = TopicService()
    flags = ["--address", serve(service), "--output", "jsonl"]
    assert run(*flags, lines="\ufeffWho?\n\ufeffWho?\n").code == 0
    assert list(service.requests[0].texts) == ["Who?", "\ufeffWho?"]
    assert run(*flags, lines="\ufeff") == (0, "", "")
    assert run(*flags, lines="\ufeff\n") == (0, '{"text":"","error":"blank"}\n', "")


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("Who?\nWhere?\n".encode("utf-16"), f"line 1: {_UTF_16}"),
        ("Who?\nWhere?\n".encode("utf-16-be"), f"line 1: {_UTF_16}"),
        ("Who?\nWhere?\n".encode("utf-16-le"), f"line 1: {_UTF_16}"),
        ("\ufeff您是谁\n".encode("utf-16-be"), f"line 1: {_UTF_16}"),
        (b"Who?\nWh\0?\n", f"line 2: {_UTF_16}"),
        (b"Who?\n\xff\xfe?\n", "line 2: not valid UTF-8"),
        (b"Who\xfe\xff?\n", "line 1: not valid UTF-8"),
    ],
    ids=str,
)
def test_utf_16_is_named(serve: Serve, lines: bytes, reason: str) -> None:
    outcome = run("--address", serve(TopicService()), "--texts-per-call", "1", lines=lines)
    assert (outcome.code, outcome.error) == (1, f"questiontopic: {reason}\n")


def test_a_blank_line_is_answered_in_its_turn_and_not_sent(serve: Serve) -> None:
    service = TopicService()
    address = serve(service)
    lines = "\nWhat is your salary?\n \t\u3000\r\n\x1f\n"
    assert run("--address", address, lines=lines) == (
        0,
        "TOPIC         CONFIDENCE  TEXT\n"
        "-                      -  \n"
        "NUM             0.750000  What is your salary?\n"
        "-                      -   \n"
        "-                      -   \n",
        "",
    )
    assert run("--address", address, "--label-level", "both", lines="\n") == (
        0,
        table(("COARSE", "CONFIDENCE", "FINE", "CONFIDENCE", "TEXT"), ("-", "-", "-", "-", "")),
        "",
    )
    outcome = run("--address", address, "--output", "jsonl", "--texts-per-call", "1", lines=lines)
    assert outcome.code == 0
    assert _objects(outcome.output) == [
        *(("", "blank"), ("What is your salary?", ""), (" \t\u3000", "blank"), ("\x1f", "blank"))
    ]
    assert [list(request.texts) for request in service.requests] == [["What is your salary?"]] * 2


def test_a_blank_argument_is_sent(serve: Serve) -> None:
    service = TopicService()
    assert run("--address", serve(service), "--skip-blank", "", " ").code == 0
    assert service.requests[0].texts == ["", " "]


@pytest.mark.parametrize("size", ["1", "2", "3", "512"])
def test_texts_that_cannot_be_answered_are_skipped_in_their_turn(serve: Serve, size: str) -> None:
    shown = "é" * 60
    lines = b"Who?\nbad  one\n\nWho\xff\xff\xe2\x82?\n%b%b\nsalary\nbad\nW\0\n" % (shown.encode(), b"y" * _LIMIT)
    flags = ["--address", serve(TopicService(refuse_bad)), "--texts-per-call", size, "--on-error", "skip"]
    rows = [
        *(("HUM", "0.750000", "Who?"), ("-", "-", "bad one"), ("-", "-", ""), ("-", "-", "Who\ufffd\ufffd\ufffd?")),
        *(("-", "-", f"{shown}…"), ("NUM", "0.750000", "salary"), ("-", "-", "bad"), ("-", "-", "W\0")),
    ]
    messages = [
        "line 2: must be good, not bad one",
        "line 4: not valid UTF-8",
        f"line 5: longer than {_LIMIT} bytes",
        "line 7: must be good, not bad",
        f"line 8: {_UTF_16}",
        "5 of 7 texts have no answer",
    ]
    error = "".join(f"questiontopic: {message}\n" for message in messages)
    assert run(*flags, lines=lines) == (3, table(_HEADER, *rows), error)
    outcome = run(*flags, "--output", "jsonl", "--skip-blank", lines=lines)
    assert (outcome.code, outcome.error) == (3, error)
    assert _objects(outcome.output) == [
        *(("Who?", ""), ("bad  one", "must be good,\nnot bad  one"), ("Who\ufffd\ufffd\ufffd?", "not valid UTF-8")),
        *((f"{shown}…", f"longer than {_LIMIT} bytes"), ("salary", ""), ("bad", "must be good,\nnot bad")),
        ("W\0", _UTF_16),
    ]


def test_the_other_texts_of_a_refused_call_are_sent_again(serve: Serve) -> None:
    service = TopicService(refuse_bad)
    outcome = run("--address", serve(service), "--on-error", "skip", "--", "bad 1", "Who?", "bad 2")
    assert outcome == (
        3,
        table(_HEADER, ("-", "-", "bad 1"), ("HUM", "0.750000", "Who?"), ("-", "-", "bad 2")),
        "questiontopic: text 1: must be good, not bad 1\n"
        "questiontopic: text 3: must be good, not bad 2\n"
        "questiontopic: 2 of 3 texts have no answer\n",
    )
    assert [list(request.texts) for request in service.requests] == [
        *(["bad 1", "Who?", "bad 2"], ["Who?", "bad 2"], ["Who?"])
    ]


def test_one_text_without_an_answer(serve: Serve) -> None:
    outcome = run("--address", serve(TopicService(refuse_bad)), "--on-error", "skip", lines="\nWho?\nbad\nWho?\n")
    assert outcome.code == 3
    assert outcome.error.endswith("\nquestiontopic: 1 of 3 texts has no answer\n")


def test_a_run_without_a_refused_text_ends_with_code_0(serve: Serve) -> None:
    outcome = run("--address", serve(TopicService()), "--on-error", "skip", lines="\nWho?\n")
    assert (outcome.code, outcome.error) == (0, "")


@pytest.mark.parametrize(
    ("code", "field", "message"),
    [
        (grpc.StatusCode.NOT_FOUND, "texts[0]", "NOT_FOUND: texts[0]: must be good (line 2)"),
        (grpc.StatusCode.INVALID_ARGUMENT, "texts", "INVALID_ARGUMENT: texts: must be good"),
        (grpc.StatusCode.INVALID_ARGUMENT, "texts[1]", "INVALID_ARGUMENT: texts[1]: must be good"),
        (grpc.StatusCode.INVALID_ARGUMENT, "model", "INVALID_ARGUMENT: model: must be good"),
    ],
)
def test_any_other_failure_still_ends_the_run(serve: Serve, code: grpc.StatusCode, field: str, message: str) -> None:
    def fail(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        violation = FieldViolation(field, "must be good")
        refuse(context, violation, code=code)

    flags = ["--address", serve(TopicService(fail)), "--output", "jsonl", "--texts-per-call", "1"]
    assert run(*flags, "--on-error", "skip", lines=b"\xff\nWho?\n") == (
        1,
        '{"text":"\ufffd","error":"not valid UTF-8"}\n',
        f"questiontopic: line 1: not valid UTF-8\nquestiontopic: {message}\n",
    )


@pytest.mark.parametrize(("size", "is_too_long"), [(_LIMIT - 1, False), (_LIMIT, True), (3 * _LIMIT, True)])
def test_the_limit_of_a_line(size: int, is_too_long: bool) -> None:
    first, second = read_lines(io.BytesIO(b"x" * size + b"\nWho?\n"))
    assert (bool(first.reason), first.number, second.number, second.text) == (is_too_long, 1, 2, "Who?")
    assert first.text == ("x" * 60 + "…" if is_too_long else "x" * size)


def test_a_line_that_is_too_long_is_read_over_with_little_memory() -> None:
    tracemalloc.start()
    (line,) = read_lines(io.BufferedReader(_Endless(10 * _LIMIT)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert line.text == "x" * 60 + "…"
    assert peak < 5 * _LIMIT


class _Endless(io.RawIOBase):
    """A line of the given size without an end."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # a memoryview is what BufferedReader gives
        count = min(len(buffer), self._left)
        buffer[:count] = b"x" * count
        self._left -= count
        return count


def test_the_path_of_a_file_gets_a_hint(serve: Serve, tmp_path: Path) -> None:
    address = serve(TopicService())
    path = tmp_path / "my q.txt"
    path.write_text("Who?\n")
    (tmp_path / "link").symlink_to(path)
    hint = "questiontopic: {0} is a file; to classify its lines: questiontopic < {0}\n"
    for file in (str(path), str(tmp_path / "link")):
        assert run("--address", address, file) == (
            0,
            table(_HEADER, ("HUM", "0.750000", file)),
            hint.format(file),
        )
    for texts in ([str(path), "Who?"], [str(tmp_path)], [f"{path}x"], ["/dev/null"], ["Who? " * 1000]):
        outcome = run("--address", address, *texts)
        assert (outcome.code, outcome.error) == (0, "")
