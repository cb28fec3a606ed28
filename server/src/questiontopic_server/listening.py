"""Where and how the server listens: the address, the transport and gRPC's own limits. It knows no service."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import grpc

from .limits import MAX_MESSAGE_BYTES
from .settings import Settings


class ListenError(Exception):
    """The address cannot be had or a TLS file is of no use; the message is one line that names it."""


def listen(settings: Settings) -> tuple[grpc.aio.Server, str]:
    """A server that holds the address, not yet started, and that address as HOST:PORT; raises ListenError."""
    server = grpc.aio.server(
        options=[
            ("grpc.so_reuseport", 0),  # Otherwise a second server on the same port starts silently.
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
            # Past its own limits gRPC answers CANCELLED, which no one retries. Ours, which says when to come again, is
            # to answer first: at gRPC's defaults a thousand calls that arrive at once are too many.
            ("grpc.server.max_pending_requests", 20_000),
            ("grpc.server.max_pending_requests_hard_limit", 40_000),
        ]
    )
    credentials = _credentials(settings)
    wanted = f"{settings.host}:{settings.port}"
    try:
        _try_to_bind(settings.host, settings.port)
        port = server.add_secure_port(wanted, credentials) if credentials else server.add_insecure_port(wanted)
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ListenError(f"cannot listen on {wanted}: {reason}") from None
    return server, f"{settings.host}:{port}"


def transport(settings: Settings) -> str:
    """What the server speaks: plaintext, TLS or mutual TLS."""
    if not settings.tls_certificate:
        return "plaintext"
    return "mutual TLS" if settings.tls_client_ca else "TLS"


def _try_to_bind(host: str, port: int) -> None:
    """Raises OSError with the reason if the address cannot be had; gRPC itself would not tell the reason."""
    family, kind, protocol, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def _credentials(settings: Settings) -> grpc.ServerCredentials | None:
    certificate, key, client_ca = settings.tls_certificate, settings.tls_key, settings.tls_client_ca
    if not (certificate and key):
        return None
    try:
        pair = (key.read_bytes(), certificate.read_bytes())
        authority = client_ca.read_bytes() if client_ca else None
    except OSError as error:
        raise ListenError(f"{error.filename}: {error.strerror}") from None
    _check_certificates(certificate)
    _check_key(key, certificate)
    if client_ca:
        _check_certificates(client_ca)
    return grpc.ssl_server_credentials([pair], authority, require_client_auth=authority is not None)


def _check_certificates(file: Path) -> None:
    """Raises ListenError unless the file holds certificates; gRPC itself would not tell which file is at fault."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(file)
    except ssl.SSLError:
        raise ListenError(f"{file}: holds no certificate in PEM format, or a damaged one") from None


def _check_key(key: Path, certificate: Path) -> None:
    try:
        # The empty password keeps OpenSSL from asking the terminal for one.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise ListenError(f"{key}: is not the private key of {certificate}") from None
        if error.reason:
            raise ListenError(f"{certificate}: {error.reason.replace('_', ' ').lower()}") from None
        raise ListenError(f"{key}: holds no private key in PEM format without a password") from None
