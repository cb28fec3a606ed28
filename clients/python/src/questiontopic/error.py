"""TopicError, the error of both clients."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import grpc


class FieldViolation(NamedTuple):
    """A field of the request that breaks a rule."""

    field: str
    """The field's path in the request, for example `texts[3]`."""
    description: str
    """What the field must be."""


class TopicError(Exception):
    """A failed call. Its cause is gRPC's own error. str() is one line that starts with the name of the status code."""

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
        """The id of the call in the server's log; empty if the call did not reach a server."""
        self.retry_after = retry_after
        """Seconds to wait before the next attempt, if the code is RESOURCE_EXHAUSTED; None if the server gave none."""

    def __str__(self) -> str:
        text = "; ".join(f"{field}: {description}" for field, description in self.violations) or self.message
        return re.sub(r"\s+", " ", f"{self.code.name}: {text}")
