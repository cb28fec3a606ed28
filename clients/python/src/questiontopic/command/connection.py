"""The flags that say which server is called and how, the same for every form of the command."""

import argparse
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from questiontopic.address import check_host_and_port, is_loopback
from questiontopic.aio import AsyncTopicClient
from questiontopic.client import TopicClient
from questiontopic.command.arguments import decimal
from questiontopic.command.token import TokenFile, token_of
from questiontopic.request import DEFAULT_TIMEOUT, MAX_TIMEOUT

_Client = TypeVar("_Client", TopicClient, AsyncTopicClient)


@dataclass(frozen=True)
class Connection:
    """How to reach the server."""

    address: str
    tls: bool
    ca: bytes | None
    certificate: bytes | None
    key: bytes | None
    server_name: str | None
    timeout: float  # seconds
    token: TokenFile | str | None = field(repr=False)

    def open(self, kind: type[_Client]) -> _Client:
        """A client of this kind for the server. The first call connects."""
        if not self.tls:
            return kind.plaintext(self.address, timeout=self.timeout, token=self.token)
        return kind.tls(
            self.address,
            ca=self.ca,
            certificate=self.certificate,
            key=self.key,
            server_name=self.server_name,
            timeout=self.timeout,
            token=self.token,
        )


def add_connection_flags(parser: argparse.ArgumentParser, environment: Mapping[str, str]) -> None:
    """Adds the flags that `connection` reads."""
    address = environment.get("QUESTIONTOPIC_ADDRESS") or "localhost:50051"
    add = parser.add_argument
    add("--address", metavar="HOST:PORT", default=address, help="the server (%(default)s, from QUESTIONTOPIC_ADDRESS)")
    add("--plaintext", action="store_true", help="connect without encryption; the default for a loopback address")
    add("--tls", action="store_true", help="connect with TLS; any other address needs --tls or --plaintext")
    add("--ca", metavar="FILE", default="", help="with --tls: PEM certificates to trust (the system's)")
    add("--cert", metavar="FILE", default="", help="with --tls and --key: the client's PEM certificate, for mutual TLS")
    add("--key", metavar="FILE", default="", help="with --tls and --cert: the client's PEM private key")
    add("--server-name", metavar="NAME", help="with --tls: the name in the server's certificate (the address's host)")
    add("--token-file", metavar="FILE", default="", help="the token that says who calls (QUESTIONTOPIC_TOKEN)")
    parser.set_defaults(token=environment.get("QUESTIONTOPIC_TOKEN") or "")
    add(
        "--timeout",
        metavar="SECONDS",
        type=decimal(1e-9, MAX_TIMEOUT),
        default=DEFAULT_TIMEOUT,
        help="deadline of each call (10)",
    )


def connection(given: argparse.Namespace) -> Connection:
    """The connection that the flags describe. Raises ValueError for flags that do not fit together."""
    try:
        check_host_and_port(given.address)
    except ValueError as error:
        raise ValueError(f"--address: {error}") from None
    if given.plaintext and given.tls:
        raise ValueError("--plaintext and --tls: choose one")
    if bool(given.cert) != bool(given.key):
        raise ValueError("--cert and --key: give both or neither")
    if not given.tls and (given.ca or given.cert or given.server_name):
        raise ValueError("--ca, --cert, --key and --server-name need --tls")
    if not (given.tls or given.plaintext or is_loopback(given.address)):
        raise ValueError(f"{given.address} is not this machine: choose --tls or --plaintext")
    _check_pem(given.ca, given.cert, given.key)
    return Connection(
        address=given.address,
        tls=given.tls,
        ca=_content(given.ca),
        certificate=_content(given.cert),
        key=_content(given.key),
        server_name=given.server_name or None,
        timeout=given.timeout,
        token=token_of(given.token_file, given.token),
    )


def _check_pem(ca: str, certificate: str, key: str) -> None:
    # gRPC would report a faulty file only as a failed connection, and ssl does not name the file.
    for flag, path in (("--ca", ca), ("--cert", certificate), ("--key", key)):
        try:
            _content(path)
        except OSError as error:
            raise ValueError(f"{flag}: {path}: {error.strerror}") from error
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    flags = "--ca"
    try:
        if ca:
            context.load_verify_locations(ca)
        flags = "--cert, --key"
        if certificate:
            # gRPC cannot read an encrypted key. The empty password keeps OpenSSL from asking the user for one.
            context.load_cert_chain(certificate, key, password="")
    except OSError as error:
        raise ValueError(f"{flags}: {error}") from error


def _content(path: str) -> bytes | None:
    return Path(path).read_bytes() if path else None
