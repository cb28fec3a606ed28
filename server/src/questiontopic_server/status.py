"""The table from errors to gRPC statuses with google.rpc details."""

from __future__ import annotations

from dataclasses import dataclass

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2 as details
from google.rpc.status_pb2 import Status

from .errors import (
    CallError,
    Expired,
    FieldError,
    Internal,
    ModelNotFound,
    NotServing,
    Overloaded,
    TokenMissing,
    TokenUnknown,
)

DOMAIN = "questiontopic"


@dataclass(frozen=True)
class CallStatus:
    """A status as gRPC sends it. `metadata` carries the google.rpc.Status, unless the error has no details."""

    code: grpc.StatusCode
    message: str
    metadata: tuple[tuple[str, bytes], ...] = ()


def to_status(error: CallError) -> CallStatus:
    """The status of an error. Every CallError has a row here."""
    match error:
        case FieldError():
            violation = details.BadRequest.FieldViolation(field=error.field, description=error.description)
            return _detailed(grpc.StatusCode.INVALID_ARGUMENT, error, details.BadRequest(field_violations=[violation]))
        case TokenMissing() | TokenUnknown():
            reason = "TOKEN_MISSING" if isinstance(error, TokenMissing) else "TOKEN_UNKNOWN"
            info = details.ErrorInfo(reason=reason, domain=DOMAIN)
            return _detailed(grpc.StatusCode.UNAUTHENTICATED, error, info)
        case ModelNotFound():
            info = details.ErrorInfo(reason="MODEL_NOT_FOUND", domain=DOMAIN)
            return _detailed(grpc.StatusCode.NOT_FOUND, error, info)
        case Overloaded():
            delay = Duration()
            delay.FromMilliseconds(round(error.retry_after * 1000))
            return _detailed(grpc.StatusCode.RESOURCE_EXHAUSTED, error, details.RetryInfo(retry_delay=delay))
        case NotServing():
            return CallStatus(grpc.StatusCode.UNAVAILABLE, str(error))
        case Expired():
            return CallStatus(grpc.StatusCode.DEADLINE_EXCEEDED, str(error))
        case Internal():
            info = details.ErrorInfo(reason="INTERNAL", domain=DOMAIN, metadata={"request_id": error.request_id})
            return _detailed(grpc.StatusCode.INTERNAL, error, info)
    raise TypeError(f"no status for {type(error).__name__}")


def _detailed(code: grpc.StatusCode, error: CallError, detail: Message) -> CallStatus:
    status = Status(code=code.value[0], message=str(error))
    status.details.add().Pack(detail)
    return CallStatus(code, str(error), (("grpc-status-details-bin", status.SerializeToString()),))
