"""What can go wrong with a call, and the one table that turns it into a gRPC status with google.rpc details."""

from __future__ import annotations

from dataclasses import dataclass

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2 as details
from google.rpc.status_pb2 import Status

DOMAIN = "questiontopic"


class CallError(Exception):
    """Why a call has no answer; the message is for the caller and never holds another exception's text."""


class FieldError(CallError):
    """A field of the request breaks a limit; an empty field means the request as a whole."""

    def __init__(self, field: str, description: str) -> None:
        super().__init__(f"{field}: {description}" if field else description)
        self.field, self.description = field, description


class ModelNotFound(CallError):
    """The request names a model that is not the loaded one."""


class Overloaded(CallError):
    """The queue is full, or the call's deadline cannot be met; `retry_after` is in seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotServing(CallError):
    """The server is not ready, or is draining."""


class Expired(CallError):
    """The call's deadline passed while it waited."""


class Internal(CallError):
    """Our own fault; `request_id` stands in the log beside the traceback."""

    def __init__(self, request_id: str) -> None:
        super().__init__(f"internal error; report request id {request_id}")
        self.request_id = request_id


@dataclass(frozen=True)
class CallStatus:
    """A status as gRPC sends it: `metadata` carries the google.rpc.Status with its details, if there are any."""

    code: grpc.StatusCode
    message: str
    metadata: tuple[tuple[str, bytes], ...]


def to_status(error: CallError) -> CallStatus:
    """The status table: every CallError has a row."""
    match error:
        case FieldError():
            violation = details.BadRequest.FieldViolation(field=error.field, description=error.description)
            return _status(grpc.StatusCode.INVALID_ARGUMENT, error, details.BadRequest(field_violations=[violation]))
        case ModelNotFound():
            info = details.ErrorInfo(reason="MODEL_NOT_FOUND", domain=DOMAIN)
            return _status(grpc.StatusCode.NOT_FOUND, error, info)
        case Overloaded():
            delay = Duration(nanos=0)
            delay.FromMilliseconds(round(error.retry_after * 1000))
            return _status(grpc.StatusCode.RESOURCE_EXHAUSTED, error, details.RetryInfo(retry_delay=delay))
        case NotServing():
            return _status(grpc.StatusCode.UNAVAILABLE, error)
        case Expired():
            return _status(grpc.StatusCode.DEADLINE_EXCEEDED, error)
        case Internal():
            info = details.ErrorInfo(reason="INTERNAL", domain=DOMAIN, metadata={"request_id": error.request_id})
            return _status(grpc.StatusCode.INTERNAL, error, info)
    raise TypeError(f"no status for {type(error).__name__}")


def _status(code: grpc.StatusCode, error: CallError, *messages: Message) -> CallStatus:
    if not messages:
        return CallStatus(code, str(error), ())
    status = Status(code=code.value[0], message=str(error))
    for message in messages:
        packed = Any()
        packed.Pack(message)
        status.details.append(packed)
    return CallStatus(code, str(error), (("grpc-status-details-bin", status.SerializeToString()),))
