"""Why a call has no answer. `status` turns each of these errors into a gRPC status."""

from __future__ import annotations


class CallError(Exception):
    """A call has no answer. The message is for the caller and never holds the text of another exception."""


class FieldError(CallError):
    """A field of the request breaks a limit. `field` is its path, or empty for the request as a whole."""

    def __init__(self, field: str, description: str) -> None:
        super().__init__(f"{field}: {description}" if field else description)
        self.field, self.description = field, description


class TokenMissing(CallError):
    """The call has no token, and this server demands one."""

    def __init__(self) -> None:
        super().__init__("the call has no token: send the metadata `authorization: Bearer TOKEN`")


class TokenUnknown(CallError):
    """The token of the call is none of this server's. Perhaps it was revoked."""

    def __init__(self) -> None:
        super().__init__("the token is unknown or revoked: ask the server's operator for another one")


class ModelNotFound(CallError):
    """The request names a model that is not loaded here."""


class Overloaded(CallError):
    """The queue is full, or the call's deadline cannot be met. `retry_after` is in seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotServing(CallError):
    """The server is not ready, or it is draining."""


class Expired(CallError):
    """The deadline of the call has passed."""

    def __init__(self) -> None:
        super().__init__("the deadline has passed")


class Internal(CallError):
    """The fault is ours. `request_id` also stands in the log, beside the traceback."""

    def __init__(self, request_id: str) -> None:
        super().__init__(f"internal error; report request id {request_id}")
        self.request_id = request_id
