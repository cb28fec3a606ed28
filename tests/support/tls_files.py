"""The TLS files of a server, as an operator renews them, and callers with certificates of their own."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import trustme
from server_process import ServerProcess

from questiontopic import TopicClient


class TLSFiles:
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

    def accept(self, *authorities: trustme.CA) -> None:
        """From now on callers need a certificate of one of these authorities."""
        self.write("client_ca", b"".join(each.cert_pem.bytes() for each in authorities))

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
