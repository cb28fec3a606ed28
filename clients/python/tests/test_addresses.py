"""Addresses: which are refused at once, and which are never reached through a proxy."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from questiontopic import TopicError

from .callers import Predict
from .conftest import Serve
from .service import TopicService


@pytest.mark.parametrize("tls", [None, {}], ids=["plaintext", "tls"])
@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("http://localhost:50051", 'must be HOST:PORT without http://, not "http://localhost:50051"'),
        ("HTTPS://example.com", 'must be HOST:PORT without https://, not "HTTPS://example.com"'),
        ("dns:///https://example.com:1", 'must be HOST:PORT without https://, not "https://example.com:1"'),
        ("localhost:65536", "the port must be from 1 to 65535, not 65536"),
        ("localhost:0", "the port must be from 1 to 65535, not 0"),
        ("localhost:5o051", "the port must be from 1 to 65535, not 5o051"),
        ("dns:///[::1]:99999", "the port must be from 1 to 65535, not 99999"),
        ("ipv4:127.0.0.1:1,127.0.0.2:99999", "the port must be from 1 to 65535, not 99999"),
        ("ipv6:%5B::1%5D:99999", "the port must be from 1 to 65535, not 99999"),
    ],
)
def test_a_faulty_address_is_a_value_error(
    predict: Predict, tls: dict[str, bytes] | None, address: str, message: str
) -> None:
    with pytest.raises(ValueError) as caught:
        predict(address, ["Who?"], tls=tls)
    assert str(caught.value) == f"address: {message}"


@pytest.mark.parametrize(
    "address", ["localhost", "::1", "localhost:65535", "unix:/missing/a:99999", "unix-abstract:a:b", "[::1]"]
)
def test_every_other_target_of_grpc_is_accepted(predict: Predict, address: str) -> None:
    with pytest.raises(TopicError):
        predict(address, ["Who?"], timeout=1)


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A listening socket that the environment names as the proxy of every address."""
    for name in {"no_grpc_proxy", "no_proxy"} & os.environ.keys():
        monkeypatch.delenv(name)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        for name in ("http_proxy", "https_proxy", "grpc_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{listening.getsockname()[1]}")
        yield listening


def _asked(proxy: socket.socket) -> bytes:
    """What the proxy was asked for, such as `CONNECT host:port HTTP/1.1`. Empty if nobody asked it for anything."""
    proxy.setblocking(False)
    try:
        caller = proxy.accept()[0]
    except BlockingIOError:
        return b""
    with caller:
        caller.settimeout(5)
        return caller.recv(4096)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1:{}", "localhost:{}", "LOCALHOST:{}", "topics.localhost:{}", "0.0.0.0:{}", "[::ffff:127.0.0.1]:{}"),
        *("dns:localhost:{}", "dns:///localhost:{}", "DNS:///127.0.0.1:{}", "localhost%3A{}"),
        *("ipv4:127.0.0.1:{}", "ipv4:127.0.0.1:{0},127.0.0.2:{0}"),
    ],
)
def test_this_machine_is_reached_without_a_proxy(
    serve: Serve, predict: Predict, proxy: socket.socket, address: str
) -> None:
    port = serve(TopicService()).rpartition(":")[2]
    assert predict(address.format(port), ["Who?"]).predictions
    assert _asked(proxy) == b""


@pytest.mark.parametrize(
    "address",
    [
        *("[::1]:1", "::1", "[::]:1", "ipv6:[::1]:1", "ipv6:%5B::1%5D:1", "dns:///[::1]:1", "localhost.:1"),
        *("127.1:1", "2130706433:1", "0x7f000001:1", "dns://8.8.8.8/localhost:1"),
        *("unix:/missing", "unix:///missing", "unix-abstract:missing"),
    ],
)
def test_no_proxy_is_asked_for_this_machine(predict: Predict, proxy: socket.socket, address: str) -> None:
    with pytest.raises(TopicError):
        predict(address, ["Who?"], timeout=1)
    assert _asked(proxy) == b""


@pytest.mark.parametrize("address", ["topics.invalid:1", "dns:///192.0.2.1:1", "localhost.invalid:1", "1.0.0.127:1"])
def test_a_proxy_is_asked_for_another_machine(predict: Predict, proxy: socket.socket, address: str) -> None:
    with pytest.raises(TopicError):
        predict(address, ["Who?"], timeout=1)
    assert _asked(proxy).startswith(b"CONNECT ")
