"""TLS: the server's certificate and key, and the authority of client certificates."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from pathlib import Path

import grpc

from .files import WatchedFiles

_log = logging.getLogger(__name__)


class TLSError(Exception):
    """A TLS file cannot be used. The message is one line that names the file and what is wrong with it."""


class TLSFiles:
    """The server's certificate and key, and the authority of client certificates. They are read again when they change.

    Each handshake looks at the files' times. Connections that exist go on as they are.
    """

    def __init__(self, certificate: Path, key: Path, client_ca: Path | None, changed: Callable[[bool], None]) -> None:
        """`changed` is told whether files that changed can be used."""
        self._certificate, self._key, self._client_ca, self._changed = certificate, key, client_ca, changed
        self._watched = WatchedFiles(*(file for file in (certificate, key, client_ca) if file))

    def credentials(self) -> grpc.ServerCredentials:
        """What gRPC serves with. Raises TLSError."""
        return grpc.dynamic_ssl_server_credentials(
            self._read(),
            self._newer,  # type: ignore[arg-type]  # the stubs forget None, which keeps what there is
            require_client_authentication=self._client_ca is not None,
        )

    def _newer(self) -> grpc.ServerCertificateConfiguration | None:
        """What the next handshake uses; None for the same as the last one. Called by gRPC."""
        if not self._watched.changed():
            return None
        try:
            newer = self._read()
        except TLSError as error:
            _log.error("the TLS files that changed are not used: %s", error)
            self._changed(False)
            return None
        _log.info("the TLS files that changed are used from now on")
        self._changed(True)
        return newer

    def _read(self) -> grpc.ServerCertificateConfiguration:
        """The files are checked here, because gRPC itself would not tell which of them is at fault."""
        try:
            pair = (self._key.read_bytes(), self._certificate.read_bytes())
            authority = self._client_ca.read_bytes() if self._client_ca else None
        except OSError as error:
            raise TLSError(f"{error.filename}: {error.strerror}") from None
        _check_certificates(self._certificate)
        _check_key(self._key, self._certificate)
        if self._client_ca:
            _check_certificates(self._client_ca)
        return grpc.ssl_server_certificate_configuration([pair], authority)


def _check_certificates(file: Path) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(file)
    except ssl.SSLError:
        raise TLSError(f"{file}: holds no certificate in PEM format, or a damaged one") from None


def _check_key(key: Path, certificate: Path) -> None:
    try:
        # The empty password keeps OpenSSL from asking the terminal for one.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise TLSError(f"{key}: is not the private key of {certificate}") from None
        if error.reason:
            raise TLSError(f"{certificate}: {error.reason.replace('_', ' ').lower()}") from None
        raise TLSError(f"{key}: holds no private key in PEM format without a password") from None
