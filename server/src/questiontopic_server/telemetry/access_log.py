"""One log line for each call, without the question's text unless that is asked for."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping

from .call import CallRecord
from .logs import ACCESS, to_json

_log = logging.getLogger(ACCESS)


class AccessLog:
    """Writes calls: all of them, a share, or only those that failed."""

    def __init__(self, wanted: str | float, *, with_texts: bool = False) -> None:
        """`wanted` is "all", "errors", or the share of the calls that are written, from 0 to 1. Errors always are."""
        self._share = {"all": 1.0, "errors": 0.0}[wanted] if isinstance(wanted, str) else wanted
        self._with_texts = with_texts

    def write(self, call: CallRecord) -> None:
        """Writes a line, if this call is wanted."""
        if call.code == "OK" and random.random() >= self._share:
            return
        fields: dict[str, object] = {
            "request_id": call.request_id,
            "trace_id": call.trace_id,
            "peer": call.peer,
            "caller": call.caller,
            "method": call.method,
            "code": call.code,
            "texts": len(call.texts),
            "characters": call.characters,
            "ms": _milliseconds(call.seconds),
            "queue_ms": _milliseconds(call.queue_seconds),
            "compute_ms": _milliseconds(call.compute_seconds),
            "model": call.digest[:12],
        }
        if self._with_texts:
            fields["questions"] = list(call.texts)
        _log.info("call %s", _Words(fields), extra={"fields": fields})


class _Words:
    """Fields as words of a line, made only if the log is text."""

    def __init__(self, fields: Mapping[str, object]) -> None:
        self._fields = fields

    def __str__(self) -> str:
        """name=value, with strings in quotation marks."""
        return " ".join(f"{name}={_word(value)}" for name, value in self._fields.items())


def _word(value: object) -> object:
    return value if isinstance(value, int | float) else to_json(value)  # JSON writes a number in the same way.


def _milliseconds(seconds: float) -> float:
    return round(1000 * seconds, 3)
