"""The names and the values of the columns that are added."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from questiontopic.command.failure import Failure
from questiontopic.topics import Topics

# A confidence depends a little on the other texts that the server computes at the same time: about 0.000001. So it is
# written with four digits, and the same rows get the same bytes.
_DIGITS = 4


@dataclass(frozen=True)
class Names:
    """The names of the added columns.

    `fine`: whether there are fine topics. `none_of_these`: whether there is that score.
    """

    prefix: str
    fine: bool
    none_of_these: bool

    @cached_property
    def labels(self) -> Sequence[str]:
        """Those with a topic, a confidence or a score."""
        names = ["topic", "confidence"]
        if self.fine:
            names += ["fine_topic", "fine_confidence"]
        if self.none_of_these:
            names.append("none_of_these")
        return [self.prefix + name for name in names]

    @property
    def error(self) -> str:
        """Why a row has no topics; empty if it has."""
        return self.prefix + "label_error"

    @property
    def extra(self) -> str:
        """In JSON lines: what fits no column of the input, only in rows that have it."""
        return self.prefix + "label_extra"

    @cached_property
    def all(self) -> Sequence[str]:
        """The added columns in their order."""
        return [*self.labels, self.error]

    def check(self, columns: Sequence[str]) -> None:
        """Raises Failure if the input has one of the names."""
        for name in [*self.all, self.extra]:
            if name in columns:
                raise Failure(f"the input has a column {name!r} already: choose other names with --prefix")

    def values(self, topics: Topics) -> Sequence[str | float | None]:
        """The values of `labels`; None if the text has no topics."""
        if topics.error:
            return [None] * len(self.labels)
        values: list[str | float | None] = [topics.topic, round(topics.confidence, _DIGITS)]
        if self.fine:
            values += [topics.fine_topic, round(topics.fine_confidence, _DIGITS)]
        if self.none_of_these:
            values.append(None if topics.none_of_these is None else round(topics.none_of_these, _DIGITS))
        return values


def is_number(name: str) -> bool:
    """Whether an added column has numbers."""
    return name.endswith(("confidence", "none_of_these"))


def four_digits(value: str | float) -> str:
    """A topic as it is, or a confidence or a score as 0.1234."""
    return value if isinstance(value, str) else f"{value:.{_DIGITS}f}"
