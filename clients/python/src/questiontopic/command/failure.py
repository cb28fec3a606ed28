"""The errors that end a run early, described in terms of its input."""

import re
from collections.abc import Sequence

from questiontopic.error import FieldViolation, TopicError


class Failure(Exception):
    """A run cannot continue, and the reason is not a failed call. str() is one line."""


def with_lines(error: TopicError, lines: Sequence[int]) -> TopicError:
    """The error with ` (line N)` added to each violation of a `texts[i]`, where N is lines[i]."""

    def located(violation: FieldViolation) -> FieldViolation:
        index = text_index(violation, len(lines))
        if index is None:
            return violation
        return violation._replace(description=f"{violation.description} (line {lines[index]})")

    return TopicError(error.code, error.message, violations=[located(violation) for violation in error.violations])


def text_index(violation: FieldViolation, count: int) -> int | None:
    """The i of a violation of `texts[i]` in a call of count texts; None for any other field."""
    match = re.fullmatch(r"texts\[([0-9]{1,9})\]", violation.field)
    return int(match[1]) if match is not None and int(match[1]) < count else None
