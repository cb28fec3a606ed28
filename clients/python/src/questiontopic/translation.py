"""Translates what gRPC raises into TopicError."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar, cast

import grpc.aio
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from questiontopic.error import FieldViolation, TopicError

# The domain of the server's ErrorInfo. A proxy on the way may add an ErrorInfo with its own domain.
_DOMAIN = "questiontopic"

# The server received the first bytes of HTTP/2 and closed the connection. TLS servers do this, but not only they.
_CLOSED_AT_ONCE = re.compile(r"last error: .*(Socket closed|Connection reset by peer)")
# The server's first bytes were not TLS. Older versions of gRPC say Ssl.
_NOT_TLS = re.compile(r"(?:Tls|Ssl) handshake failed .*WRONG_VERSION_NUMBER")

_Detail = TypeVar("_Detail", bound=Message)


@dataclass
class ClientState:
    """What the translation needs to know about a client."""

    plaintext: bool = False
    """Whether the client is known to use no encryption."""
    closed: bool = False


@contextmanager
def topic_errors(client: ClientState) -> Iterator[None]:
    """Raises each failure of the call in its block as a TopicError."""
    try:
        yield
    except grpc.RpcError as error:
        if client.closed and error.code() is grpc.StatusCode.CANCELLED:
            raise _closed() from error
        raise _translate(error, client) from error
    except (ValueError, grpc.aio.UsageError) as error:
        if not client.closed:
            raise
        raise _closed() from error
    except asyncio.CancelledError as error:
        # Closing an asyncio channel cancels its calls. Cancelling the task that waits is another matter.
        task = asyncio.current_task()
        if not client.closed or task is None or task.cancelling():
            raise
        raise _closed() from error


def _closed() -> TopicError:
    return TopicError(grpc.StatusCode.CANCELLED, "the client is closed")


def _translate(error: grpc.RpcError, client: ClientState) -> TopicError:
    status = _status(error)
    request = _detail(status, error_details_pb2.BadRequest())
    info = _detail(status, error_details_pb2.ErrorInfo())
    retry = _detail(status, error_details_pb2.RetryInfo())
    if info is not None and info.domain != _DOMAIN:
        info = None
    return TopicError(
        error.code(),
        (error.details() or "") + _hint(error, client),
        violations=[FieldViolation(v.field, v.description) for v in request.field_violations] if request else (),
        reason=info.reason if info else "",
        request_id=(info.metadata.get("request_id", "") if info else "") or _request_id(error),
        retry_after=retry.retry_delay.ToTimedelta().total_seconds() if retry else None,
    )


def _request_id(error: grpc.RpcError) -> str:
    for name, value in cast(grpc.Call, error).trailing_metadata() or ():
        if name == "x-request-id" and isinstance(value, str):
            return value
    return ""


def _hint(error: grpc.RpcError, client: ClientState) -> str:
    """The likely cause, where gRPC's report shows that one side uses TLS and the other does not."""
    if error.code() is not grpc.StatusCode.UNAVAILABLE:
        return ""
    details = error.details() or ""
    if client.plaintext and _CLOSED_AT_ONCE.search(details):
        return " (the server may speak TLS: use tls instead of plaintext)"
    if _NOT_TLS.search(details):
        return " (the server may not speak TLS: use plaintext instead of tls)"
    return ""


def _status(error: grpc.RpcError) -> status_pb2.Status:
    # Each RpcError that a call raises has the methods of grpc.Call.
    try:
        return rpc_status.from_call(cast(grpc.Call, error)) or status_pb2.Status()
    except (ValueError, DecodeError):
        # The details contradict the status or cannot be read, so only the status is used.
        return status_pb2.Status()


def _detail(status: status_pb2.Status, detail: _Detail) -> _Detail | None:
    for candidate in status.details:
        with suppress(DecodeError):
            if candidate.Unpack(detail):
                return detail
    return None
