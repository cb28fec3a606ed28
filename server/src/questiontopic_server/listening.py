"""Where and how the server listens: the sockets, and TLS files that are of use. gRPC itself is the front's business."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

from .settings import Settings

_BACKLOG = 4_096  # Connections that wait to be accepted; the system may allow fewer.


class ListenError(Exception):
    """The address cannot be had or a TLS file is of no use; the message is one line that names it."""


def listen(settings: Settings) -> tuple[list[socket.socket], str]:
    """Sockets that listen on every address of the host, and the first one as HOST:PORT; raises ListenError."""
    port, bound = settings.port, list[socket.socket]()
    try:
        host = settings.host.strip("[]")
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, address in found:
            bound.append(_bound(family, (address[0], port, *address[2:])))
            port = bound[0].getsockname()[1]
    except OSError as error:
        raise ListenError(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from None
    return bound, f"{settings.host}:{port}"


def _bound(family: int, address: tuple[object, ...]) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, address[0] != "::")
    listening.bind(address)
    listening.listen(_BACKLOG)
    return listening


def check_tls(settings: Settings) -> None:
    """Raises ListenError if one of the TLS files is of no use."""
    certificate, key, client_ca = settings.tls_certificate, settings.tls_key, settings.tls_client_ca
    if not (certificate and key):
        return
    try:
        for file in (key, certificate, client_ca):
            if file:
                file.read_bytes()
    except OSError as error:
        raise ListenError(f"{error.filename}: {error.strerror}") from None
    _check_certificates(certificate)
    _check_key(key, certificate)
    if client_ca:
        _check_certificates(client_ca)


def _check_certificates(file: Path) -> None:
    """Raises ListenError unless the file holds certificates."""
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
