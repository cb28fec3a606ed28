"""Who may call: tokens and client certificates, which an operator renews while callers use the newest ones."""

from __future__ import annotations

import secrets
import ssl
from collections import deque
from pathlib import Path

import grpc
import trustme
from tls_files import TLSFiles
from token_server import TokensFile, line

KEPT = 3  # Generations of tokens and authorities that count. Two renewals take longer than a call is on its way.


class Access:
    """The files of a server, and what its callers need to be let in."""

    def __init__(self, folder: Path) -> None:
        self.files, self._file = TLSFiles(folder), TokensFile(folder)
        self._authorities = deque([self.files.callers], KEPT)
        self._tokens: deque[str] = deque(maxlen=KEPT)
        self.revoked = ""
        self.renew_token()

    @property
    def flags(self) -> list[str]:
        """How to start the server."""
        return [*self.files.flags, "--tokens", str(self._file.path)]

    def token(self) -> str:
        """The newest token."""
        return self._tokens[-1]

    def renew_token(self) -> None:
        """A new token counts. The oldest one counts no more if there are too many."""
        if len(self._tokens) == KEPT:
            self.revoked = self._tokens[0]
        self._tokens.append(secrets.token_hex(32))
        self._file.write(*(line("soak", token) for token in self._tokens))

    def renew_authority(self) -> None:
        """Certificates of a new authority are accepted. Those of the oldest one are not if there are too many."""
        self._authorities.append(trustme.CA())
        self.files.accept(*self._authorities)

    def credentials(self, authority: trustme.CA | None = None) -> grpc.ChannelCredentials:
        """A new certificate of the newest authority, or of another one."""
        own = self._certificate(authority)
        chain, key = own.cert_chain_pems[0].bytes(), own.private_key_pem.bytes()
        return grpc.ssl_channel_credentials(self.files.trusted.cert_pem.bytes(), key, chain)

    def context(self) -> ssl.SSLContext:
        """The same for a caller who speaks TLS without gRPC."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_alpn_protocols(["h2"])
        self.files.trusted.configure_trust(context)
        self._certificate().configure_cert(context)
        return context

    def _certificate(self, authority: trustme.CA | None = None) -> trustme.LeafCert:
        return (authority or self._authorities[-1]).issue_cert("caller@example.org")
