"""The errors that end a run early, described in terms of its input."""

import re
from collections.abc import Sequence

from questiontopic.error import FieldViolation, TopicError


class Failure(Exception):
    """A run cannot continue, and the reason is not a failed call. str() is one line."""


def with_lines(error: TopicError, lines: Sequence[int]) -> TopicError:
    """The error with ` (line N)` added to each violation of a `texts[i]`, where N is lines[i]."""

    def located(violation: FieldViolation) -> FieldViolation:
        match = re.fullmatch(r"texts\[([0-9]+)\]", violation.field)
        if match is None or int(match[1]) >= len(lines):
            return violation
        return violation._replace(description=f"{violation.description} (line {lines[int(match[1])]})")

    return TopicError(error.code, error.message, violations=[located(violation) for violation in error.violations])
