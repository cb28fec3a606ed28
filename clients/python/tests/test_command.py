"""The exact output of the command and its exit code."""

from __future__ import annotations

import os
from pathlib import Path

import grpc
import pytest
import trustme

from questiontopic import (
    LABEL_LEVEL_BOTH,
    LABEL_LEVEL_COARSE,
    LABEL_LEVEL_FINE,
    PredictTopicRequest,
    PredictTopicResponse,
    __version__,
)
from questiontopic.command import main

from .callers import predict_sync
from .command import run, table
from .conftest import Serve
from .service import TopicService, answer

_SALARY = '{"text":"What is your salary?",'
_NUM = '"coarse":{"topTopic":"NUM","confidences":{"HUM":0.250000,"NUM":0.750000}},'
_MONEY = '"fine":{"topTopic":"NUM:money","confidences":{"HUM:ind":0.250000,"NUM:money":0.750000}},'


def test_texts_are_answered_in_one_call_as_a_table_of_coarse_topics(serve: Serve) -> None:
    service = TopicService()
    outcome = run("--address", serve(service), "What is your salary?", "Who  are\tyou?", "Who\u2028is this …")
    assert outcome == (
        0,
        "TOPIC         CONFIDENCE  TEXT\n"
        "NUM             0.750000  What is your salary?\n"
        "HUM             0.750000  Who are you?\n"
        "HUM             0.750000  Who is this … [truncated]\n",
        "",
    )
    texts = ["What is your salary?", "Who  are\tyou?", "Who\u2028is this …"]
    assert service.requests == [PredictTopicRequest(texts=texts, label_level=LABEL_LEVEL_COARSE)]


def test_a_table_of_fine_topics(serve: Serve) -> None:
    outcome = run("--address", serve(TopicService()), "--label-level", "fine", "What is your salary?")
    wanted = table(("TOPIC", "CONFIDENCE", "TEXT"), ("NUM:money", "0.750000", "What is your salary?"))
    assert outcome == (0, wanted, "")


def test_a_table_of_both_levels(serve: Serve) -> None:
    outcome = run("--address", serve(TopicService()), "--label-level", "both", "What is your salary?", "您是谁？")
    assert outcome == (
        0,
        "COARSE        CONFIDENCE  FINE          CONFIDENCE  TEXT\n"
        "NUM             0.750000  NUM:money       0.750000  What is your salary?\n"
        "HUM             0.750000  HUM:ind         0.750000  您是谁？\n",
        "",
    )


@pytest.mark.parametrize(("level", "members"), [("coarse", _NUM), ("fine", _MONEY), ("both", _NUM + _MONEY)])
def test_json_lines_have_the_requested_levels(serve: Serve, level: str, members: str) -> None:
    flags = ["--address", serve(TopicService()), "--label-level", level, "--output", "jsonl"]
    assert run(*flags, "What is your salary?") == (0, f'{_SALARY}{members}"truncated":false}}\n', "")


def test_json_lines_are_escaped_like_those_of_the_go_command(serve: Serve) -> None:
    text = 'salary <b>&"\\/ \b\f\n\r\t\x01\x1f\x7f \u2028\u2029 é 您 🎉…'
    escaped = r"salary <b>&\"\\/ \b\f\n\r\t\u0001\u001f" + "\x7f" + r" \u2028\u2029 é 您 🎉…"
    outcome = run("--address", serve(TopicService()), "--output", "jsonl", text)
    assert outcome == (0, f'{{"text":"{escaped}",{_NUM}"truncated":true}}\n', "")


def test_output_is_utf_8_in_every_locale(serve: Serve) -> None:
    ascii_only = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    outcome = run("--address", serve(TopicService()), "您是谁？", environment=ascii_only)
    assert outcome == (0, table(("TOPIC", "CONFIDENCE", "TEXT"), ("HUM", "0.750000", "您是谁？")), "")


def test_the_address_flag_overrides_the_environment(serve: Serve) -> None:
    address = serve(TopicService())
    assert run("Who?", environment={"QUESTIONTOPIC_ADDRESS": address}).code == 0
    assert run("--address", address, "Who?", environment={"QUESTIONTOPIC_ADDRESS": "127.0.0.1:1"}).code == 0


def test_model_and_level_are_sent(serve: Serve) -> None:
    service = TopicService()
    run("--address", serve(service), "--model", "test", "--label-level", "fine", "--", "--odd", "text")
    assert service.requests == [
        PredictTopicRequest(texts=["--odd", "text"], label_level=LABEL_LEVEL_FINE, model="test")
    ]


def test_flags_end_at_the_first_text(serve: Serve) -> None:
    service = TopicService()
    assert run("--address", serve(service), "Who?", "--tls", "--").code == 0
    assert service.requests[0].texts == ["Who?", "--tls", "--"]


def test_the_timeout_is_each_calls_deadline(serve: Serve) -> None:
    remaining: list[float] = []

    def look(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        remaining.append(context.time_remaining())
        return answer(request, context)

    run("--address", serve(TopicService(look)), "--timeout", "77.5", "Who?")
    assert remaining == pytest.approx([77.5], abs=20)


def test_a_failed_call_is_one_line_and_code_1(serve: Serve) -> None:
    def refuse(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        context.abort(grpc.StatusCode.CANCELLED, "not\ntoday: nicht heute, être")
        raise AssertionError("abort raises")

    header = table(("TOPIC", "CONFIDENCE", "TEXT"))
    outcome = run("--address", serve(TopicService(refuse)), "Who?")
    assert outcome == (1, header, "questiontopic: CANCELLED: not today: nicht heute, être\n")


def test_an_answer_of_the_wrong_length_is_a_failure(serve: Serve) -> None:
    service = TopicService(lambda request, context: PredictTopicResponse())
    outcome = run("--address", serve(service), "--output", "jsonl", "Who?")
    assert outcome == (1, "", "questiontopic: INTERNAL: the server gave 0 predictions for 1 texts\n")


def test_tls_flags(serve: Serve, authority: trustme.CA, stranger: trustme.CA, tmp_path: Path) -> None:
    certificate = authority.issue_cert("topics.example.com")
    pair = (certificate.private_key_pem.bytes(), certificate.cert_chain_pems[0].bytes())
    credentials = grpc.ssl_server_credentials([pair], authority.cert_pem.bytes(), require_client_auth=True)
    for name, pem in {
        "ca": authority.cert_pem,
        "stranger": stranger.cert_pem,
        "cert": certificate.cert_chain_pems[0],
        "key": certificate.private_key_pem,
    }.items():
        pem.write_to_path(str(tmp_path / name))
    flags = ["--address", serve(TopicService(), credentials), "--tls", "--server-name", "topics.example.com"]
    mutual = ["--cert", str(tmp_path / "cert"), "--key", str(tmp_path / "key")]
    assert run(*flags, *mutual, "--ca", str(tmp_path / "ca"), "Who?").code == 0
    wrong = run(*flags, *mutual, "--ca", str(tmp_path / "stranger"), "Who?")
    assert wrong.code == 1
    assert wrong.error.startswith("questiontopic: UNAVAILABLE: ")
    assert wrong.error.count("\n") == 1


def test_version() -> None:
    assert run("--version") == (0, f"questiontopic {__version__}\n", "")


def test_help() -> None:
    outcome = run("--help")
    assert (outcome.code, outcome.error) == (0, "")
    assert outcome.output.startswith("usage: questiontopic [flags] [text ...]\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--address", "example.com:443"],
            "example.com:443 is not this machine: choose --tls or --plaintext",
        ),
        (["--address", "localhost"], '--address: must be HOST:PORT, not "localhost"'),
        (["--address", "localhost:"], '--address: must be HOST:PORT, not "localhost:"'),
        (["--address", "dns:///localhost:1"], '--address: must be HOST:PORT, not "dns:///localhost:1"'),
        (["--address", "localhost:99999"], "--address: the port must be from 1 to 65535, not 99999\n"),
        (["--address", "localhost:65536"], "--address: the port must be from 1 to 65535, not 65536\n"),
        (["--address", "[::1]:0"], "--address: the port must be from 1 to 65535, not 0\n"),
        (["--address", "localhost:port"], "--address: the port must be from 1 to 65535, not port\n"),
        (
            ["--address", "http://127.0.0.1:1"],
            '--address: must be HOST:PORT without http://, not "http://127.0.0.1:1"\n',
        ),
        (
            ["--address", "HTTPS://example.com", "--tls"],
            '--address: must be HOST:PORT without https://, not "HTTPS://example.com"\n',
        ),
        (["--address", "::1:50051"], '--address: must be HOST:PORT, not "::1:50051"'),
        (["--plaintext", "--tls"], "--plaintext and --tls: choose one"),
        (["--ca", "ca.pem"], "--ca, --cert, --key and --server-name need --tls"),
        (["--plaintext", "--server-name", "a"], "--ca, --cert, --key and --server-name need --tls"),
        (["--tls", "--cert", "a.pem"], "--cert and --key: give both or neither"),
        (["--tls", "--ca", "missing.pem"], "--ca: missing.pem: No such file or directory"),
        (["--tls", "--ca", __file__], "--ca: "),
        (["--tls", "--cert", __file__, "--key", "missing.pem"], "--key: missing.pem: No such file or directory"),
        (["--tls", "--cert", __file__, "--key", __file__], "--cert, --key: "),
        (["--label-level", "medium"], "argument --label-level: invalid choice: 'medium'"),
        (["--output", "csv"], "argument --output: invalid choice: 'csv'"),
        (["--timeout", "0"], "argument --timeout: must be a positive decimal number"),
        (["--timeout", "-1"], "argument --timeout: "),
        (["--timeout", "1e3"], "argument --timeout: must be a positive decimal number"),
        (["--timeout", "inf"], "argument --timeout: must be a positive decimal number"),
        (["--texts-per-call", "0"], "argument --texts-per-call: must be a whole number from 1 to 512"),
        (["--texts-per-call", "513"], "argument --texts-per-call: must be a whole number from 1 to 512"),
        (["--in-flight", "0"], "argument --in-flight: must be a whole number from 1 to 1024"),
        (["--in-flight", "1025"], "argument --in-flight: must be a whole number from 1 to 1024"),
        (["--in-flight", "four"], "argument --in-flight: must be a whole number from 1 to 1024"),
        (["--addr", "localhost:1"], "unrecognized arguments: --addr"),
        (["--model", os.fsdecode(b"\xff")], "--model: not valid UTF-8"),
        (["Who?", os.fsdecode(b"\xff")], "text 2: not valid UTF-8"),
    ],
    ids=str,
)
def test_wrong_usage_is_one_line_and_code_2(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("QUESTIONTOPIC_ADDRESS", raising=False)
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    output, error = capsys.readouterr()
    assert (caught.value.code, output) == (2, "")
    assert error.startswith(f"questiontopic: {message}")
    assert error.count("\n") == 1


def test_wrong_usage_of_a_process() -> None:
    outcome = run("--in-flight", "0", "Who?")
    assert outcome == (2, "", "questiontopic: argument --in-flight: must be a whole number from 1 to 1024\n")


@pytest.mark.parametrize("address", ["localhost:1", "LocalHost:1", "127.0.0.1:1", "127.9.9.9:1", "[::1]:1"])
def test_loopback_needs_no_choice_of_transport(address: str) -> None:
    outcome = run("--address", address, "--output", "jsonl", "Who?")
    assert (outcome.code, outcome.output) == (1, "")
    assert outcome.error.startswith("questiontopic: UNAVAILABLE: ")


def test_the_printed_answer_of_a_real_server_is_the_clients(real_server: str) -> None:
    text = "What is your salary?"
    prediction = predict_sync(real_server, [text], label_level=LABEL_LEVEL_BOTH).predictions[0]
    cells = [
        cell
        for topics in (prediction.coarse, prediction.fine)
        for cell in (topics.top_topic, f"{topics.confidences[topics.top_topic]:.6f}")
    ]
    wanted = table(("COARSE", "CONFIDENCE", "FINE", "CONFIDENCE", "TEXT"), (*cells, text))
    assert run("--address", real_server, "--label-level", "both", text) == (0, wanted, "")
