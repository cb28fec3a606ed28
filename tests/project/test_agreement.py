"""The Go and the Python command behave the same, to the byte; grpcurl gets the same confidences at 6 places."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from commands import same
from google.protobuf import json_format
from server_process import ServerProcess

from questiontopic.v1.topic_pb2 import PredictTopicResponse, TopicConfidences

TEXTS = ["Where do you work now?", "What is your salary?", "what does WLAN stand for", "您的工资是多少？"]


def _jsonl(command: list[str], server: ServerProcess, texts: list[str], level: str) -> str:
    flags = ["--address", server.address, "--label-level", level, "--output", "jsonl"]
    return subprocess.run([*command, *flags, *texts], check=True, capture_output=True, text=True).stdout


def _places(confidences: Mapping[str, float]) -> dict[str, str]:
    return {label: f"{value:.6f}" for label, value in confidences.items()}


@pytest.mark.parametrize("text", TEXTS)
def test_three_callers_one_answer(
    server: ServerProcess, grpcurl: str, go_command: list[str], python_command: list[str], text: str
) -> None:
    data = json.dumps({"texts": [text], "labelLevel": "LABEL_LEVEL_BOTH"})
    call = [grpcurl, "-plaintext", "-d", data, server.address, "questiontopic.v1.TopicService/PredictTopic"]
    answer = json_format.Parse(
        subprocess.run(call, check=True, capture_output=True, text=True).stdout, PredictTopicResponse()
    )
    go, python = (_jsonl(command, server, [text], "both") for command in (go_command, python_command))
    assert go == python
    printed = json.loads(go)
    for level in ("coarse", "fine"):
        wanted: TopicConfidences = getattr(answer.predictions[0], level)
        assert printed[level]["topTopic"] == wanted.top_topic
        assert _places(printed[level]["confidences"]) == _places(wanted.confidences)


@pytest.mark.parametrize("output", ["table", "jsonl"])
@pytest.mark.parametrize("level", ["coarse", "fine", "both"])
def test_the_two_commands_print_the_same_bytes(
    server: ServerProcess, commands: Sequence[list[str]], output: str, level: str
) -> None:
    texts = [*TEXTS, "", " \t\u3000", 'a "quoted" <b>text</b> & more', "two\u2028lines", "tab\there", "x" * 1500]
    flags = ["--label-level", level, "--output", output, "--texts-per-call", "1", "--in-flight", "1"]
    outcome = same(server, commands, *flags, lines="\n".join(texts).encode())
    assert (outcome.code, outcome.error) == (0, "")
    assert outcome.output.count("\n") == 10 + (output == "table")
    outcome = same(server, commands, *flags, "--skip-blank", lines="\n".join(texts).encode())
    assert outcome.output.count("\n") == 8 + (output == "table")


def test_the_two_commands_print_every_label_and_what_it_stands_for(
    server: ServerProcess, commands: Sequence[list[str]]
) -> None:
    table = same(server, commands, "--labels")
    assert (table.code, table.error) == (0, "")
    first, *rows = table.output.splitlines()
    column = first.index("DESCRIPTION")
    assert len(rows) == 56
    assert rows[0].startswith("ABBR ")
    assert any(row.startswith("ENTY:cremat ") and len(row) > column for row in rows)
    lines = same(server, commands, "--labels", "--output", "jsonl").output.splitlines()
    assert [json.loads(line)["label"] for line in lines] == [row.split()[0] for row in rows]
    assert [json.loads(line)["description"] for line in lines] == [row[column:] for row in rows]
    assert same(server, commands, "--labels", "--model", "other").code == 1
    assert same(server, commands, "--labels", "Who?") == (2, "", _USAGE)


_USAGE = "questiontopic: --labels asks nothing: leave out the texts\n"
_UTF_16 = "not valid UTF-8: it looks like UTF-16; convert it first, for example with: iconv -f UTF-16 -t UTF-8"


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ("\ufeffWho?\n".encode(), ""),
        ("\ufeff".encode(), ""),
        ("\ufeff\n\ufeff".encode(), ""),
        ("Who?\nWhere?\n".encode("utf-16"), f"line 1: {_UTF_16}"),
        ("Who?\nWhere?\n".encode("utf-16-be"), f"line 1: {_UTF_16}"),
        (b"Who?\nWhere\0?\n", f"line 2: {_UTF_16}"),
        (b"Who?\n\n\xff\xfe\nWhere?\n", "line 3: not valid UTF-8"),
        (b"Who?\n" + b"x" * 16_777_216 + b"\n", "line 2: longer than 16777216 bytes"),
        (
            b"\nWho?\n" + b"x" * 2001,
            "INVALID_ARGUMENT: texts[1]: must have at most 2000 characters, has 2001: shorten it",
        ),
    ],
    ids=[
        "mark",
        "mark alone",
        "mark before a blank line",
        "UTF-16",
        "UTF-16-BE",
        "NUL",
        "not UTF-8",
        "long",
        "refused",
    ],
)
@pytest.mark.parametrize("output", ["table", "jsonl"])
def test_input_that_ends_a_run(
    server: ServerProcess, commands: Sequence[list[str]], output: str, lines: bytes, error: str
) -> None:
    outcome = same(server, commands, "--output", output, lines=lines)
    assert outcome.code == (1 if error else 0)
    assert outcome.error.startswith(f"questiontopic: {error}" if error else "")


_ODD_LINES = [
    *(
        b"Who?",
        b"",
        b"\xff\xff",
        b"W\xe2\x82?",
        b"\xed\xa0\x80",
        b"\xf0\x9f\x8e",
        b"\xc0\x80 \xf5",
        b"\xf4\x90\x80\x80",
    ),
    *(b" \t", b"W\0", b"\0\xff", b"x" * 2001, "é".encode() * 2001, b"\xe9\r", b"tab\there" * 400, b"\x1c", b"Where?"),
    *("🎉 é".encode() * 20 + b"\xff" + b"y" * 17_000_000, b"\xff " * 9_000_000, b"\xef\xbb\xbfWho?", b"\xe2\x28\xa1"),
]


@pytest.mark.parametrize("size", ["1", "3", "64"])
@pytest.mark.parametrize("output", ["table", "jsonl"])
def test_texts_without_an_answer_can_be_skipped(
    server: ServerProcess, commands: Sequence[list[str]], output: str, size: str
) -> None:
    flags = ["--on-error", "skip", "--output", output, "--texts-per-call", size]
    outcome = same(server, commands, *flags, lines=b"\n".join(_ODD_LINES))
    assert outcome.code == 3
    assert outcome.error.endswith("\nquestiontopic: 15 of 18 texts have no answer\n")
    assert outcome.output.count("\n") == 21 + (output == "table")
    outcome = same(server, commands, *flags, "--skip-blank", lines=b"\xff\xfe\n" + b"\n".join(_ODD_LINES))
    assert outcome.output.count("\n") == 19 + (output == "table")


def test_arguments_without_an_answer_can_be_skipped(server: ServerProcess, commands: Sequence[list[str]]) -> None:
    outcome = same(server, commands, "--on-error", "skip", "Who?", "", "x" * 2001, " ")
    assert outcome.code == 3
    assert outcome.error.startswith("questiontopic: text 2: must have a character that is not white space\n")
    assert outcome.error.endswith("\nquestiontopic: 3 of 4 texts have no answer\n")
    outcome = same(server, commands, "--on-error", "skip", "")
    assert outcome.error.endswith("\nquestiontopic: 1 of 1 texts has no answer\n")
    assert same(server, commands, "--skip-blank", "Who?", "").code == 1
    assert same(server, commands, "--on-error", "skip", "--model", "other", "").code == 1


def test_the_path_of_a_file_gets_a_hint(server: ServerProcess, commands: Sequence[list[str]], tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text("Who?\n")
    outcome = same(server, commands, "q.txt", folder=tmp_path)
    hint = "questiontopic: q.txt is a file; to classify its lines: questiontopic < q.txt\n"
    assert (outcome.code, outcome.error) == (0, hint)
    for texts in (["q.txt", "Who?"], ["."], ["q.text"], ["Who? " * 300]):
        assert same(server, commands, *texts, folder=tmp_path).error == ""


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("http://127.0.0.1:1", 'must be HOST:PORT without http://, not "http://127.0.0.1:1"'),
        ("HTTPS://example.com", 'must be HOST:PORT without https://, not "HTTPS://example.com"'),
        ("localhost:99999", "the port must be from 1 to 65535, not 99999"),
        ("localhost:65536", "the port must be from 1 to 65535, not 65536"),
        ("[::1]:0", "the port must be from 1 to 65535, not 0"),
        ("localhost:grpc", "the port must be from 1 to 65535, not grpc"),
        ("localhost:-1", "the port must be from 1 to 65535, not -1"),
        *(
            (wrong, f'must be HOST:PORT, not "{wrong}"')
            for wrong in ("localhost", "localhost:", ":1", "::1:1", "[::1]")
        ),
        *(
            (wrong, f'must be HOST:PORT, not "{wrong}"')
            for wrong in ("dns:///localhost:1", "localhost:1/path", "a:1:2")
        ),
    ],
)
def test_a_faulty_address_is_wrong_usage(
    server: ServerProcess, commands: Sequence[list[str]], address: str, message: str
) -> None:
    outcome = same(server, commands, "--address", address, "--tls", "Who?")
    assert outcome == (2, "", f"questiontopic: --address: {message}\n")


@pytest.mark.parametrize("address", ["127.1:1", "example.com:1", "localhost.example.com:1", "[::2]:1", "0.0.0.0:1"])
def test_another_machine_needs_a_choice_of_transport(
    server: ServerProcess, commands: Sequence[list[str]], address: str
) -> None:
    outcome = same(server, commands, "--address", address, "Who?")
    assert outcome == (2, "", f"questiontopic: {address} is not this machine: choose --tls or --plaintext\n")
