"""Tokens: every call says who calls, with the newest token, and nothing shows it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme

from questiontopic import (
    AsyncTopicClient,
    Labeller,
    Merging,
    PredictTopicRequest,
    PredictTopicResponse,
    TopicClient,
    TopicError,
)
from questiontopic.command.flags import parse

from .command import run
from .conftest import Serve
from .server_process import server_process
from .service import TopicService, answer

Ask = Callable[[str, str, dict[str, Any]], int]
WRONG = ["", "sec ret", "secret\n", "sécret", "sec\0ret", "secret\x7f"]


def ask_sync(address: str, kind: str, options: dict[str, Any]) -> int:
    """The number of texts that were answered, in every way there is to ask."""
    with getattr(TopicClient, kind)(address, **options) as client:
        client.describe_model()
        return (
            len(client.predict_topic(["Who?"]).predictions)
            + len(client.predict(["Who?", "Where?"]))
            + sum(1 for _ in client.predict_many(["Who?"] * 10, texts_per_call=3))
        )


def ask_aio(address: str, kind: str, options: dict[str, Any]) -> int:
    async def ask() -> int:
        async with getattr(AsyncTopicClient, kind)(address, **options) as client:
            await client.describe_model()
            many = [topics async for topics in client.predict_many(["Who?"] * 10, texts_per_call=3)]
            single = await client.predict_topic(["Who?"])
            return len(single.predictions) + len(await client.predict(["Who?", "Where?"])) + len(many)

    return asyncio.run(ask())


@pytest.fixture(params=[ask_sync, ask_aio], ids=["sync", "aio"])
def ask(request: pytest.FixtureRequest) -> Ask:
    asked: Ask = request.param
    return asked


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, Any]]]:
    """A server over TLS that knows the token `right`: its address and what a client needs."""
    folder, authority = tmp_path_factory.mktemp("server"), trustme.CA()
    leaf = authority.issue_cert("127.0.0.1")
    files = {"tls-certificate": leaf.cert_chain_pems[0].bytes(), "tls-key": leaf.private_key_pem.bytes()}
    files["tokens"] = f"web {sha256(b'right').hexdigest()}".encode()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    with server_process(*(f"--{name}={folder / name}" for name in files)) as address:
        yield address, {"ca": authority.cert_pem.bytes()}


@pytest.mark.parametrize("merging", [None, Merging()], ids=["alone", "merged"])
@pytest.mark.parametrize("token", ["right", lambda: "right"], ids=["str", "function"])
def test_every_way_to_ask_sends_the_token(
    ask: Ask, server: tuple[str, dict[str, Any]], token: Any, merging: Merging | None
) -> None:
    address, options = server
    assert ask(address, "tls", {**options, "token": token, "merging": merging}) == 13
    for wrong, reason in (("wrong", "TOKEN_UNKNOWN"), (None, "TOKEN_MISSING")):
        with pytest.raises(TopicError, match=r"^UNAUTHENTICATED: the ") as raised:
            ask(address, "tls", {**options, "token": wrong, "merging": merging})
        assert raised.value.reason == reason
        assert raised.value.request_id


def test_a_labeller_sends_the_token(server: tuple[str, dict[str, Any]]) -> None:
    address, options = server
    assert Labeller(partial(TopicClient.tls, address, token="right", **options))(["Who?"])["topic"] == ["HUM"]


class Recorder(TopicService):
    """Records what each call has as authorization."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []

    def answer(self, request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        values = [str(value) for name, value in context.invocation_metadata() if name == "authorization"]
        self.sent.append(",".join(values))
        return answer(request, context)


@pytest.mark.parametrize("merging", [None, Merging()], ids=["alone", "merged"])
def test_a_function_is_asked_for_each_call(ask: Ask, serve: Serve, merging: Merging | None) -> None:
    recorder, given = Recorder(), iter(range(1000))
    address = serve(recorder)
    ask(address, "plaintext", {"token": lambda: f"t{next(given)}", "merging": merging})
    assert len(recorder.sent) >= 2
    assert len(set(recorder.sent)) == len(recorder.sent)
    assert all(sent.startswith("Bearer t") for sent in recorder.sent)
    assert next(given) > len(recorder.sent)  # And once for describe_model.


@pytest.mark.parametrize(("variable", "flags"), [("variable", []), ("other", ["--token-file", "token"])])
def test_the_command_that_labels_tables_sends_the_token(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, flags: list[str]
) -> None:
    recorder = Recorder()
    recorder.topics = {}
    monkeypatch.chdir(tmp_path)
    (tmp_path / "token").write_text("file\n")
    arguments = ("label", "--address", serve(recorder), "--format", "csv", *flags)
    outcome = run(*arguments, lines="text\nWho?\n", environment={"QUESTIONTOPIC_TOKEN": variable})
    assert outcome.code == 0, outcome.error
    assert recorder.sent == [f"Bearer {'file' if flags else variable}"]


@pytest.mark.parametrize("merging", [None, Merging()], ids=["alone", "merged"])
@pytest.mark.parametrize("token", WRONG)
def test_a_token_that_cannot_be_sent_is_not_repeated(
    ask: Ask, serve: Serve, token: str, merging: Merging | None
) -> None:
    recorder = Recorder()
    address = serve(recorder)
    for given in (token, lambda: token):
        with pytest.raises(ValueError, match=r"^token: must be printable ASCII without blanks") as raised:
            ask(address, "plaintext", {"token": given, "merging": merging})
        assert "ret" not in str(raised.value)
    assert not recorder.requests


@pytest.mark.parametrize("token", [b"secret", 7, ["secret"], lambda: None, lambda: b"secret"])
def test_a_token_of_another_type_is_a_type_error(ask: Ask, serve: Serve, token: Any) -> None:
    with pytest.raises(TypeError, match=r"^token: must be a str") as raised:
        ask(serve(Recorder()), "plaintext", {"token": token})
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("merging", [None, Merging()], ids=["alone", "merged"])
def test_what_the_function_raises_reaches_the_caller(ask: Ask, serve: Serve, merging: Merging | None) -> None:
    def token() -> str:
        raise FileNotFoundError("no vault")

    with pytest.raises(FileNotFoundError, match="no vault"):
        ask(serve(Recorder()), "plaintext", {"token": token, "merging": merging})


def test_no_repr_shows_the_token(tmp_path: Path) -> None:
    with TopicClient.plaintext("127.0.0.1:1", token="secret") as client:
        shown = [repr(client), repr(vars(client))]
    (tmp_path / "file").write_text("secret")
    for arguments, environment in (
        (["--token-file", str(tmp_path / "file")], {}),
        ([], {"QUESTIONTOPIC_TOKEN": "secret"}),
    ):
        shown.append(repr(parse(arguments, environment)))
    assert "secret" not in "".join(shown)
