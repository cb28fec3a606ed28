"""The gRPC server on its address, with the limits that gRPC itself keeps. It knows no service."""

from __future__ import annotations

import array
import fcntl
import os
import socket
import stat
import termios
from contextlib import suppress

import grpc

from .security.tls import TLSFiles
from .settings import Settings
from .telemetry.telemetry import Telemetry
from .validation import MAX_MESSAGE_BYTES

# Calls of one connection at a time: two full batches of single questions, which is all that two CPUs compute at once.
# More wait in the caller's gRPC, where they expire at no cost to the server (docs/performance.md, Overload).
_MAX_STREAMS = 64
_MAX_METADATA = 8 * 1024  # Bytes, as the contract says.
# A last bound for calls of all connections together. Its refusals carry no retry delay. With the default --max-queue
# the batcher's bounds, whose refusals do, are reached first.
_MAX_CALLS = 20_000
_OPTIONS = [
    ("grpc.so_reuseport", 0),  # Otherwise a second server on the same port starts without an error.
    ("grpc.max_concurrent_streams", _MAX_STREAMS),
    # So many more calls may have ended for the caller but not for us: cancelled ones, and those just answered. gRPC
    # refuses the rest. With no bound, expired calls would pile up in a flood. With 0, gRPC would refuse calls of
    # callers that keep to the limit above.
    ("grpc.http2.max_deallocating_streams", _MAX_STREAMS),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    # Clients that wait for an answer ping every 10 seconds, to notice a server that is gone. By default gRPC would end
    # the connection of a client after a few pings within five minutes.
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.max_metadata_size", _MAX_METADATA),
    ("grpc.absolute_max_metadata_size", _MAX_METADATA),  # Between the two limits gRPC refuses at random.
    # Beyond its limits of calls that wait for us gRPC answers CANCELLED, which nobody retries: keep them out of reach.
    ("grpc.server.max_pending_requests", 10 * _MAX_CALLS),
    ("grpc.server.max_pending_requests_hard_limit", 20 * _MAX_CALLS),
]


class ListenError(Exception):
    """The address cannot be bound. The message is one line that names it."""


def listen(settings: Settings, telemetry: Telemetry) -> tuple[grpc.aio.Server, str]:
    """A server that is bound but not started, and its address as HOST:PORT. Raises ListenError or TLSError."""
    options = list(_OPTIONS)
    if settings.max_connection_age:
        options.append(("grpc.max_connection_age_ms", int(settings.max_connection_age * 1000)))
    server = grpc.aio.server(options=options, maximum_concurrent_rpcs=_MAX_CALLS)
    credentials = None
    if settings.tls_certificate and settings.tls_key:
        files = (settings.tls_certificate, settings.tls_key, settings.tls_client_ca)
        credentials = TLSFiles(*files, telemetry.tls_changed).credentials()
    wanted = f"{settings.host}:{settings.port}"
    try:
        _try_to_bind(settings.host.strip("[]"), settings.port)
        port = server.add_secure_port(wanted, credentials) if credentials else server.add_insecure_port(wanted)
    except OSError as error:
        raise ListenError(f"cannot listen on {wanted}: {error.strerror}") from None
    except RuntimeError as error:
        raise ListenError(f"cannot listen on {wanted}: {error}") from None
    return server, f"{settings.host}:{port}"


def _try_to_bind(host: str, port: int) -> None:
    """Raises OSError with the reason if the address cannot be bound. gRPC does not tell the reason."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def undelivered() -> int:
    """Bytes in this process's connections that the other sides have not received.

    The kernel throws them away if a caller sends anything after the process has ended, and gRPC does not know of them.
    """
    total, waiting = 0, array.array("i", [0])
    for name in os.listdir("/dev/fd"):  # noqa: PTH208 - the names are numbers
        with suppress(OSError):  # The descriptor was closed meanwhile, or it is no connection.
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                fcntl.ioctl(int(name), termios.TIOCOUTQ, waiting)
                total += waiting[0]
    return total
