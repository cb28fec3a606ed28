"""What ends a run early, told in the terms of its input."""

import re
from collections.abc import Sequence

from questiontopic.error import FieldViolation, TopicError


class Failure(Exception):
    """A run cannot go on for a reason other than a failed call; str() is one line that tells it."""


def with_lines(error: TopicError, lines: Sequence[int]) -> TopicError:
    """The error with ` (line N)` after each violation of a `texts[i]` that came from line N = lines[i]."""

    def located(violation: FieldViolation) -> FieldViolation:
        match = re.fullmatch(r"texts\[([0-9]+)\]", violation.field)
        if match is None or int(match[1]) >= len(lines):
            return violation
        return violation._replace(description=f"{violation.description} (line {lines[int(match[1])]})")

    return TopicError(error.code, error.message, violations=[located(violation) for violation in error.violations])
