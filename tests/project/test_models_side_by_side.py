"""One gateway before two real servers with different bundles: each request is answered by the model that it names."""

from __future__ import annotations

import json
import struct
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from gateway import gateway
from german_bundle import LABELS, NAME, write_german_bundle
from server_process import DEFAULT_BUNDLE, ServerProcess

from questiontopic import TopicClient, TopicError
from questiontopic.v1 import topic_pb2

SALARY = "What is your salary?"
TOPS = {"": "NUM", "usem3": "NUM", NAME: LABELS["NUM"]}  # The top topic by the name in the request.


class Pair(NamedTuple):
    """Two servers, and the URL of the gateway before them."""

    usem3: ServerProcess
    german: ServerProcess
    url: str

    @property
    def address(self) -> str:
        return self.url.removeprefix("http://")


@contextmanager
def pair(folder: Path) -> Iterator[Pair]:
    """Serves the default bundle and the one in the folder, and a gateway whose default is the first."""
    with ExitStack() as stack:
        usem3, german = (stack.enter_context(ServerProcess(bundle)) for bundle in (DEFAULT_BUNDLE, folder))
        url = stack.enter_context(gateway(f"usem3={usem3.address},german={german.address}"))
        yield Pair(usem3, german, url)


@pytest.fixture(scope="module")
def german(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default bundle with a name and coarse labels of its own."""
    folder = tmp_path_factory.mktemp("bundles") / NAME
    write_german_bundle(folder)
    return folder


@pytest.fixture(scope="module")
def both(german: Path) -> Iterator[Pair]:
    with pair(german) as found:
        yield found


def post(url: str, body: bytes, content_type: str) -> tuple[int, bytes, dict[str, str]]:
    request = urllib.request.Request(url, body, {"Content-Type": content_type})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.read(), dict(response.headers)
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read(), dict(refused.headers)


def original(url: str, **fields: str) -> tuple[int, Any]:
    """What the JSON of the original system answers."""
    body = json.dumps({"rawtext_list": [SALARY], **fields}).encode()
    status, answer, _ = post(f"{url}/predict_topic", body, "application/json")
    return status, json.loads(answer)


def over_grpc_web(url: str, model: str) -> tuple[topic_pb2.PredictTopicResponse, dict[str, str]]:
    """The message and the trailers of a call. A frame is a byte of flags, a length and a content."""
    message = topic_pb2.PredictTopicRequest(texts=[SALARY], model=model).SerializeToString()
    path = f"{url}/questiontopic.v1.TopicService/PredictTopic"
    _, rest, headers = post(path, struct.pack(">BI", 0, len(message)) + message, "application/grpc-web+proto")
    response, trailers = topic_pb2.PredictTopicResponse(), {name.lower(): value for name, value in headers.items()}
    while rest:
        flags, length = struct.unpack_from(">BI", rest)
        content, rest = rest[5 : 5 + length], rest[5 + length :]
        if flags & 0x80:
            trailers |= dict(line.split(": ", 1) for line in content.decode().lower().splitlines())
        else:
            response.ParseFromString(content)
    return response, trailers


@pytest.mark.parametrize(("model", "top"), TOPS.items())
def test_the_named_model_answers_in_every_protocol(both: Pair, model: str, top: str) -> None:
    name = model or "usem3"
    status, answer = original(both.url, model=model)
    (confidences,) = answer["output"]
    assert (status, max(confidences, key=confidences.get)) == (200, top)
    response, trailers = over_grpc_web(both.url, model)
    assert (trailers["grpc-status"], response.model.name) == ("0", name)
    with TopicClient.plaintext(both.address) as client:
        answered = client.predict_topic([SALARY], model=model)
        assert (answered.model.name, answered.predictions[0].coarse.top_topic) == (name, top)
        assert top in client.describe_model(model=model).coarse_labels


def test_an_unknown_model_is_refused_as_a_server_refuses_it_and_the_models_are_named(both: Pair) -> None:
    assert original(both.url, model="minilm")[0] == 404
    assert over_grpc_web(both.url, "minilm")[1]["grpc-status"] == "5"
    refusals = []
    for address in (both.address, both.usem3.address):
        with TopicClient.plaintext(address) as client:
            for ask in (partial(client.predict_topic, [SALARY]), client.describe_model):
                with pytest.raises(TopicError) as raised:
                    ask(model="minilm")
                refusals.append((raised.value.code, raised.value.reason))
    assert len(set(refusals)) == 1
    message = original(both.url, model="minilm")[1]["message"]
    assert message == 'model: no "minilm" here; the models are usem3, german'


@pytest.mark.parametrize("away", ["usem3", "german"])
def test_a_model_goes_on_while_the_other_is_away(german: Path, away: str) -> None:
    with pair(german) as both:
        assert {original(both.url, model=name)[0] for name in ("usem3", "german")} == {200}
        stopped: ServerProcess = getattr(both, away)
        stopped.terminate()
        assert stopped.wait() == 0
        assert {name: original(both.url, model=name)[0] for name in ("usem3", "german")} == {
            name: 503 if name == away else 200 for name in ("usem3", "german")
        }


def test_a_name_that_is_not_the_servers_own_is_refused_by_the_server(both: Pair) -> None:
    with gateway(f"usem4={both.usem3.address}") as url:
        assert original(url)[0] == 200
        status, answer = original(url, model="usem4")
    assert (status, answer["message"]) == (404, "model: no 'usem4' here; the loaded model is 'usem3'")
