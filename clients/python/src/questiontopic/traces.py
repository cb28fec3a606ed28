"""The way to OpenTelemetry. Nothing of it is imported until the program itself has imported it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from opentelemetry.trace import Span

Metadata = tuple[tuple[str, str], ...]
Wait: TypeAlias = "Span | None"
"""The span of a question that waits for its answer; None if its caller has no span."""


class SharedCall:
    """A call for several questions, none of whose callers has a span."""

    metadata: Metadata = ()
    """What tells the server of the callers' traces."""

    def current(self) -> AbstractContextManager[object]:
        """Lets interceptors of the channel see the call's span in the block."""
        return nullcontext()

    def end(self, outcome: object) -> None:
        """Must be called with the answer or the error."""


def call_span(method: str, options: dict[str, Any]) -> AbstractContextManager[dict[str, Any]]:
    """A span for the call in the block, if the caller has a span. Gives the options of a call that names it."""
    if not _in_use():
        return nullcontext(options)
    from questiontopic import spans

    return spans.call_span(method, options)


def wait_span(texts: int) -> AbstractContextManager[Wait]:
    """A span for a question that waits for its answer in the block, if the caller has a span."""
    if not _in_use():
        return nullcontext()
    from questiontopic import spans

    return spans.wait_span(texts)


def shared_call(waits: Sequence[Wait]) -> SharedCall:
    """The call for questions with these waits."""
    if all(wait is None for wait in waits):
        return SharedCall()
    from questiontopic import spans

    return spans.TracedCall(waits)


def _in_use() -> bool:
    """Whether a caller can have a span."""
    return "opentelemetry.trace" in sys.modules
