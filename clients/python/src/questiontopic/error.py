"""TopicError, the error of both clients, and its translation from gRPC's error."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple, TypeVar, cast

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

# The domain of the server's ErrorInfo. A proxy on the way may add an ErrorInfo with its own domain.
_DOMAIN = "questiontopic"

_Detail = TypeVar("_Detail", bound=Message)


class FieldViolation(NamedTuple):
    """A field of the request that breaks a rule."""

    field: str
    """The field's path in the request, for example `texts[3]`."""
    description: str
    """What the field must be."""


class TopicError(Exception):
    """A failed call. Its cause is a grpc.RpcError. str() is one line that starts with the name of the status code."""

    def __init__(
        self,
        code: grpc.StatusCode,
        message: str,
        *,
        violations: Sequence[FieldViolation] = (),
        reason: str = "",
        request_id: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(code, message)
        self.code = code
        """The status code. topic.proto says what the caller should do for each code."""
        self.message = message
        """The status message, for humans."""
        self.violations = tuple(violations)
        """The fields to fix, if the code is INVALID_ARGUMENT; otherwise empty."""
        self.reason = reason
        """The server's machine-readable reason, for example MODEL_NOT_FOUND; empty if it gave none."""
        self.request_id = request_id
        """The id of an INTERNAL error in the server's log; empty if the server gave none."""
        self.retry_after = retry_after
        """Seconds to wait before the next attempt, if the code is RESOURCE_EXHAUSTED; None if the server gave none."""

    def __str__(self) -> str:
        text = "; ".join(f"{field}: {description}" for field, description in self.violations) or self.message
        return re.sub(r"\s+", " ", f"{self.code.name}: {text}")


@contextmanager
def topic_errors() -> Iterator[None]:
    """Raises each grpc.RpcError of its block as a TopicError."""
    try:
        yield
    except grpc.RpcError as error:
        raise _translate(error) from error


def _translate(error: grpc.RpcError) -> TopicError:
    status = _status(error)
    request = _detail(status, error_details_pb2.BadRequest())
    info = _detail(status, error_details_pb2.ErrorInfo())
    retry = _detail(status, error_details_pb2.RetryInfo())
    if info is not None and info.domain != _DOMAIN:
        info = None
    return TopicError(
        error.code(),
        error.details() or "",
        violations=[FieldViolation(v.field, v.description) for v in request.field_violations] if request else (),
        reason=info.reason if info else "",
        request_id=info.metadata.get("request_id", "") if info else "",
        retry_after=retry.retry_delay.ToTimedelta().total_seconds() if retry else None,
    )


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
