"""Each alert that we ship fires when its cause is made on real servers. Only the times of the rules are shorter."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Event

import grpc
import pytest
from faulty_server import FAULT, FaultyServer
from gateway import gateway
from guarded_server import GuardedServer
from prometheus import DEPLOY, Prometheus, free_port, metrics_of, needs_prometheus, prometheus
from server_process import DEFAULT_BUNDLE, ServerProcess

from questiontopic import TopicClient, TopicError

pytestmark = needs_prometheus

RULES = (DEPLOY / "alerts.yml").read_text("utf-8")
# The windows hold many scrapes, so that a busy machine changes nothing.
QUICK = re.sub(r"\[\d+[mh]\]", "[30s]", re.sub(r"for: \d+m", "for: 1s", RULES))
CALLERS = 5
UNLIKE = ["na na na", "I want a refund for my order"] * 4
LONG = ["What is the name of the river that flows through the town where you were born? " * 4] * 256


@dataclass(frozen=True)
class Site:
    """What an operator has: servers, gateways that can be ended one by one, and what Prometheus knows of them."""

    known: Prometheus
    server: FaultyServer
    guarded: GuardedServer
    spare: ServerProcess
    gateway: ExitStack
    gateway_metrics: str
    client: TopicClient


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    metrics = f"127.0.0.1:{free_port()}"
    flags = ("--metrics-port", "0")
    with (
        FaultyServer("--max-queue", "512", *flags) as server,
        GuardedServer(tmp_path_factory.mktemp("guarded"), *flags) as guarded,
        ServerProcess(DEFAULT_BUNDLE, *flags) as spare,
        ExitStack() as front,
        TopicClient.plaintext(server.address, timeout=60) as client,
    ):
        front.enter_context(gateway(server.address, "--metrics-address", metrics))
        servers = [metrics_of(each) for each in (server, guarded, spare)]
        folder = tmp_path_factory.mktemp("prometheus")
        with prometheus(folder, servers=servers, gateways=[metrics], rules=QUICK, interval="500ms") as known:
            yield Site(known, server, guarded, spare, front, metrics, client)


def test_ordinary_calls_raise_nothing(site: Site) -> None:
    site.client.predict_topic(["What is your salary?", "Who wrote Ulysses?"])
    with pytest.raises(TopicError):
        site.client.predict_topic([""])
    site.guarded.call()
    site.known.settled('sum(up{job=~"questiontopic-.*"})', 4)
    site.known.settled("sum(questiontopic_texts_total)", 3)
    site.known.settled("min(count_over_time(up[1m])) > bool 4", 1)  # Scrapes, and so evaluations, since then.
    assert site.known.alerts() == {}


def kill_a_server(site: Site) -> str:
    site.spare.process.kill()
    return metrics_of(site.spare)


def end_a_gateway(site: Site) -> str:
    site.gateway.close()
    return site.gateway_metrics


def fail_once(site: Site) -> str:
    with pytest.raises(TopicError) as raised:
        site.client.predict_topic([FAULT])
    assert raised.value.code is grpc.StatusCode.INTERNAL
    return metrics_of(site.server)


def send_long_texts(site: Site) -> str:
    site.client.predict_topic(["What is your salary? " + "I ask because I want to know it. " * 50])
    return metrics_of(site.server)


def send_what_it_was_not_trained_on(site: Site) -> str:
    site.client.predict_topic(UNLIKE)
    return metrics_of(site.server)


def load_another_bundle(site: Site) -> str:
    site.guarded.load("9.9.9")
    return ""


def load_a_damaged_bundle(site: Site) -> str:
    site.guarded.load_damaged()
    return metrics_of(site.guarded)


def renew_tls_with_a_wrong_key(site: Site) -> str:
    site.guarded.write("tls-key", b"not a key")
    site.guarded.call()
    return metrics_of(site.guarded)


def write_a_wrong_line_of_tokens(site: Site) -> str:
    site.guarded.write("tokens", b"web not-a-digest")
    site.guarded.call()
    return metrics_of(site.guarded)


def flood(site: Site) -> str:
    """Callers at a server that has room for three of them: the others come again when it says so."""

    def ask(_: int) -> None:
        while True:
            try:
                site.client.predict_topic(LONG)
                return
            except TopicError as error:
                assert error.retry_after, error
                Event().wait(error.retry_after)

    with ThreadPoolExecutor(CALLERS) as threads:
        list(threads.map(ask, range(CALLERS)))
    return metrics_of(site.server)


# What an operator or a caller does, and the alerts for it. The last ones end a process.
CAUSES: list[tuple[Callable[[Site], str], set[str]]] = [
    (fail_once, {"InternalErrors"}),
    (send_long_texts, {"TruncatesTexts"}),
    (send_what_it_was_not_trained_on, {"UnrelatedTexts"}),
    (load_another_bundle, {"TwoModels"}),
    (load_a_damaged_bundle, {"KeepsOldBundle"}),
    (renew_tls_with_a_wrong_key, {"KeepsOldTls"}),
    (write_a_wrong_line_of_tokens, {"KeepsOldTokens"}),
    (flood, {"RefusesCalls", "Slow", "QueueWaits"}),
    (kill_a_server, {"Down"}),
    (end_a_gateway, {"Down"}),
]


@pytest.mark.parametrize(("cause", "names"), CAUSES, ids=[cause.__name__ for cause, _ in CAUSES])
def test_a_cause_raises_its_alert(site: Site, cause: Callable[[Site], str], names: set[str]) -> None:
    before = seen = fired(site, names)
    until = time.monotonic() + 120
    with ThreadPoolExecutor(1) as threads:
        made = threads.submit(cause, site)
        while not made.done() or not {(name, made.result()) for name in names} <= seen:
            assert time.monotonic() < until, f"only {seen} fired"
            time.sleep(0.2)
            seen = seen | fired(site, names)
    assert not before & {(name, made.result()) for name in names}


def fired(site: Site, names: set[str]) -> set[tuple[str, str]]:
    """These alerts as far as they fire now, each with the instance that it names."""
    return {
        (name, labels.get("instance", ""))
        for name in names
        for labels in site.known.alerts().get(f"QuestionTopic{name}", [])
    }


def test_every_alert_has_a_cause() -> None:
    assert {f"QuestionTopic{name}" for _, names in CAUSES for name in names} == set(re.findall(r"alert: (\w+)", RULES))
