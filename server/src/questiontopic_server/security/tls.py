"""TLS: the server's certificate and key, and the authority of client certificates."""

from __future__ import annotations

import ssl
from pathlib import Path

import grpc

from ..settings import Settings


class TLSError(Exception):
    """A TLS file cannot be used. The message is one line that names the file and what is wrong with it."""


def server_credentials(settings: Settings) -> grpc.ServerCredentials | None:
    """gRPC's credentials of the files in `settings`; None for plaintext. Raises TLSError.

    The files are checked here, because gRPC itself would not tell which of them is at fault.
    """
    certificate, key, client_ca = settings.tls_certificate, settings.tls_key, settings.tls_client_ca
    if not (certificate and key):
        return None
    try:
        pair = (key.read_bytes(), certificate.read_bytes())
        authority = client_ca.read_bytes() if client_ca else None
    except OSError as error:
        raise TLSError(f"{error.filename}: {error.strerror}") from None
    _check_certificates(certificate)
    _check_key(key, certificate)
    if client_ca:
        _check_certificates(client_ca)
    return grpc.ssl_server_credentials([pair], authority, require_client_auth=authority is not None)


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
