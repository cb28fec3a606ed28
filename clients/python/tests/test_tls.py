"""TLS: which certificates are trusted."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import grpc
import pytest
import trustme

from questiontopic import PredictTopicRequest, PredictTopicResponse, TopicClient, TopicError

from .callers import Predict
from .conftest import Serve
from .server_process import server_process
from .service import TopicService


def _server(authority: trustme.CA, *names: str, clients: trustme.CA | None = None) -> grpc.ServerCredentials:
    certificate = authority.issue_cert(*names)
    pair = (certificate.private_key_pem.bytes(), _chain(certificate))
    if clients is None:
        return grpc.ssl_server_credentials([pair])
    return grpc.ssl_server_credentials([pair], clients.cert_pem.bytes(), require_client_auth=True)


def _chain(certificate: trustme.LeafCert) -> bytes:
    return b"".join(pem.bytes() for pem in certificate.cert_chain_pems)


def _client(authority: trustme.CA, certificate: trustme.LeafCert | None = None) -> dict[str, bytes]:
    if certificate is None:
        return {"ca": authority.cert_pem.bytes()}
    key = certificate.private_key_pem.bytes()
    return {"ca": authority.cert_pem.bytes(), "certificate": _chain(certificate), "key": key}


def test_tls(serve: Serve, predict: Predict, authority: trustme.CA) -> None:
    address = serve(TopicService(), _server(authority, "127.0.0.1"))
    assert predict(address, ["Who?"], tls=_client(authority)).predictions


def test_a_server_with_a_certificate_of_another_authority_is_refused(
    serve: Serve, predict: Predict, authority: trustme.CA, stranger: trustme.CA
) -> None:
    service = TopicService()
    address = serve(service, _server(authority, "127.0.0.1"))
    with pytest.raises(TopicError, match=r"^UNAVAILABLE: .*CERTIFICATE_VERIFY_FAILED"):
        predict(address, ["Who?"], tls=_client(stranger))
    assert not service.requests


def test_a_server_with_another_name_is_refused_unless_server_name_is_set(
    serve: Serve, predict: Predict, authority: trustme.CA
) -> None:
    address = serve(TopicService(), _server(authority, "topics.example.com"))
    with pytest.raises(TopicError, match=r"^UNAVAILABLE: "):
        predict(address, ["Who?"], tls=_client(authority))
    with pytest.raises(TopicError, match=r"^UNAVAILABLE: "):
        predict(address, ["Who?"], tls={**_client(authority), "server_name": "other.example.com"})
    assert predict(address, ["Who?"], tls={**_client(authority), "server_name": "topics.example.com"}).predictions


_MAY_SPEAK_TLS = r"\(the server may speak TLS: use tls instead of plaintext\)$"
_MAY_NOT_SPEAK_TLS = r"\(the server may not speak TLS: use plaintext instead of tls\)$"


@pytest.mark.parametrize("mutual", [False, True], ids=["TLS", "mutual TLS"])
def test_plaintext_to_a_tls_server_names_the_likely_cause(
    serve: Serve, predict: Predict, authority: trustme.CA, mutual: bool
) -> None:
    address = serve(TopicService(), _server(authority, "127.0.0.1", clients=authority if mutual else None))
    with pytest.raises(TopicError, match=rf"^UNAVAILABLE: .*{_MAY_SPEAK_TLS}"):
        predict(address, ["Who?"])


def test_plaintext_to_a_tls_server_that_resets_the_connection_names_the_likely_cause(
    predict: Predict, authority: trustme.CA
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as threads:

        def refuse() -> None:
            with suppress(OSError):  # Closing the listening socket ends the loop.
                while True:
                    connection, _ = listening.accept()
                    with suppress(ssl.SSLError):
                        context.wrap_socket(connection, server_side=True)
                    connection.close()

        threads.submit(refuse)
        try:
            with pytest.raises(TopicError, match=rf"^UNAVAILABLE: .*{_MAY_SPEAK_TLS}"):
                predict(f"127.0.0.1:{listening.getsockname()[1]}", ["Who?"])
        finally:
            listening.shutdown(socket.SHUT_RDWR)


def test_tls_to_a_plaintext_server_names_the_likely_cause(serve: Serve, predict: Predict) -> None:
    with pytest.raises(TopicError, match=rf"^UNAVAILABLE: .*{_MAY_NOT_SPEAK_TLS}"):
        predict(serve(TopicService()), ["Who?"], tls={})


@pytest.mark.parametrize("tls", [None, {}], ids=["plaintext", "tls"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_a_server_that_is_away_is_not_told_to_change_its_transport(
    predict: Predict, host: str, tls: dict[str, bytes] | None
) -> None:
    with pytest.raises(TopicError, match=r"^UNAVAILABLE: .*Connection refused(?: \(111\))?$"):
        predict(f"{host}:1", ["Who?"], tls=tls)


def test_a_server_that_is_unavailable_is_not_told_to_change_its_transport(serve: Serve, predict: Predict) -> None:
    def refuse(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")
        raise AssertionError("abort raises")

    with pytest.raises(TopicError, match=r"^UNAVAILABLE: Socket closed$"):
        predict(serve(TopicService(refuse)), ["Who?"])


def test_mutual_tls(serve: Serve, predict: Predict, authority: trustme.CA, stranger: trustme.CA) -> None:
    service = TopicService()
    address = serve(service, _server(authority, "127.0.0.1", clients=authority))
    ours, theirs = authority.issue_cert("client.example.com"), stranger.issue_cert("client.example.com")
    for refused in (_client(authority), _client(authority, theirs)):
        with pytest.raises(TopicError, match=r"^UNAVAILABLE: ") as caught:
            predict(address, ["Who?"], tls=refused)
        assert "speak TLS" not in str(caught.value)
    assert not service.requests
    assert predict(address, ["Who?"], tls=_client(authority, ours)).predictions


def test_a_certificate_without_its_key_is_refused() -> None:
    with pytest.raises(ValueError, match="certificate and key"):
        TopicClient.tls("127.0.0.1:1", certificate=b"")


def test_the_real_server_accepts_mutual_tls(predict: Predict, authority: trustme.CA, tmp_path: Path) -> None:
    certificate, ca = authority.issue_cert("127.0.0.1"), tmp_path / "ca.pem"
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(_chain(certificate))
    key.write_bytes(certificate.private_key_pem.bytes())
    ca.write_bytes(authority.cert_pem.bytes())
    flags = ["--tls-certificate", str(chain), "--tls-key", str(key), "--tls-client-ca", str(ca)]
    with server_process(*flags) as address:
        with pytest.raises(TopicError, match=r"^UNAVAILABLE: "):
            predict(address, ["Who?"], tls=_client(authority))
        client = _client(authority, authority.issue_cert("client.example.com"))
        assert predict(address, ["Who?"], tls=client).predictions


_CALL = "import sys, questiontopic as q; print(len(q.TopicClient.tls(sys.argv[1]).predict_topic(['a']).predictions))"


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_the_systems_roots_are_trusted_by_default(
    serve: Serve, authority: trustme.CA, tmp_path: Path, kind: str
) -> None:
    # Only the form of this name counts here, not whether it is the hash of the subject.
    pem = tmp_path / ("roots.pem" if kind == "file" else "5ed36f99.0")
    pem.write_bytes(authority.cert_pem.bytes())
    missing = str(tmp_path / "missing")
    places = {"SSL_CERT_FILE": str(pem) if kind == "file" else missing, "SSL_CERT_DIR": str(tmp_path)}
    address = serve(TopicService(), _server(authority, "127.0.0.1"))
    environment = {**os.environ, **places}
    call = subprocess.run([sys.executable, "-c", _CALL, address], env=environment, capture_output=True, text=True)
    assert (call.returncode, call.stdout) == (0, "1\n"), call.stderr
