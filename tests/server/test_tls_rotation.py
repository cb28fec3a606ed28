"""TLS files that are renewed while the server runs: no call fails, and a bad file changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from server_process import DEFAULT_BUNDLE, ServerProcess

from questiontopic import TopicClient, TopicError


class Files:
    """A server's certificate and key, and the authority of its callers, each replaced at once as a renewal does."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.trusted = trustme.CA()
        self.callers = trustme.CA()
        self.renew()
        self.accept(self.callers)

    @property
    def flags(self) -> list[str]:
        return [f"--tls-{name.replace('_', '-')}={self._path(name)}" for name in ("certificate", "key", "client_ca")]

    def renew(self) -> None:
        """A new certificate with its key, from the same authority."""
        leaf = self.trusted.issue_cert("127.0.0.1")
        self.write("key", leaf.private_key_pem.bytes())
        self.write("certificate", leaf.cert_chain_pems[0].bytes())

    def accept(self, authority: trustme.CA) -> None:
        """From now on callers need a certificate of this authority."""
        self.write("client_ca", authority.cert_pem.bytes())

    def write(self, name: str, content: bytes) -> None:
        scratch = self._folder / "scratch"
        scratch.write_bytes(content)
        scratch.replace(self._path(name))

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.pem"

    def client(
        self, server: ServerProcess, authority: trustme.CA | None = None, until: datetime | None = None
    ) -> TopicClient:
        own = (authority or self.callers).issue_cert("caller@example.org", not_after=until)
        chain, key = own.cert_chain_pems[0].bytes(), own.private_key_pem.bytes()
        return TopicClient.tls(server.address, ca=self.trusted.cert_pem.bytes(), certificate=chain, key=key)


@contextmanager
def serving(files: Files) -> Iterator[ServerProcess]:
    with ServerProcess(DEFAULT_BUNDLE, *files.flags) as server:
        yield server


def test_ten_renewals_lose_no_call_and_close_no_connection(tmp_path: Path) -> None:
    files = Files(tmp_path)
    with serving(files) as server, files.client(server) as old:
        old.predict_topic(["Who?"])
        for number in range(1, 11):
            files.renew()
            with files.client(server) as new:
                assert new.predict_topic(["Who?"], timeout=30).predictions
            assert old.predict_topic(["Who?"]).predictions
            if number == 1:
                server.wait_for(re.compile("the TLS files that changed are used from now on"))


def test_callers_of_a_former_authority_are_refused(tmp_path: Path) -> None:
    files, others = Files(tmp_path), trustme.CA()
    with serving(files) as server:
        with files.client(server) as client:
            assert client.predict_topic(["Who?"]).predictions
        files.accept(others)
        with files.client(server) as client, pytest.raises(TopicError, match="UNAVAILABLE"):
            client.predict_topic(["Who?"], timeout=3)
        with files.client(server, others) as client:
            assert client.predict_topic(["Who?"]).predictions


def test_a_caller_whose_certificate_has_expired_is_refused(tmp_path: Path) -> None:
    files, now = Files(tmp_path), datetime.now(UTC)
    with serving(files) as server:
        with files.client(server, until=now - timedelta(minutes=1)) as client, pytest.raises(TopicError, match="UNAV"):
            client.predict_topic(["Who?"], timeout=3)
        with files.client(server, until=now + timedelta(hours=1)) as client:
            assert client.predict_topic(["Who?"]).predictions


@pytest.mark.parametrize("name", ["certificate", "key", "client_ca"])
def test_a_bad_new_file_keeps_what_there_was_and_is_told_once(tmp_path: Path, name: str) -> None:
    files = Files(tmp_path)
    with serving(files) as server:
        files.write(name, b"garbage")
        for _ in range(3):
            with files.client(server) as client:
                assert client.predict_topic(["Who?"]).predictions
        files.renew()
        files.accept(files.callers)
        with files.client(server) as client:
            assert client.predict_topic(["Who?"]).predictions
        server.terminate()
        assert server.wait() == 0
    assert len(re.findall(rf"the TLS files that changed are not used: \S+/{name}\.pem: holds no", server.log)) == 1
    assert len(re.findall("the TLS files that changed are used from now on", server.log)) == 1
