"""The topics of texts as plain Python values: for each text, and as columns for a table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

from questiontopic.v1.topic_pb2 import Prediction, TopicConfidences


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one text, or the reason why it has none."""

    text: str
    """The text. What UTF-8 cannot hold is replaced by ?, and what was not a str is empty."""
    topic: str = ""
    """The coarse label with the highest confidence; empty after an error, and if only fine ones were asked for."""
    confidence: float = 0.0
    """The confidence of `topic`, from 0 to 1."""
    confidences: dict[str, float] = field(default_factory=dict)
    """The confidence of every coarse label."""
    fine_topic: str = ""
    """The fine label with the highest confidence; empty after an error, and if the answer has no fine ones."""
    fine_confidence: float = 0.0
    """The confidence of `fine_topic`, from 0 to 1."""
    fine_confidences: dict[str, float] = field(default_factory=dict)
    """The confidence of every fine label."""
    truncated: bool = False
    """Whether the text was so long that the model did not read its end."""
    none_of_these: float | None = None
    """The probability that the text belongs to none of the labels, from 0 to 1; None if the model has no such score.

    It is calibrated for as many texts that belong to a label as texts that do not. The confidences do not depend on it.
    """
    error: str = ""
    """Why the text has no topics; empty if it has."""


_COLUMNS = ("text", "topic", "confidence", "fine_topic", "fine_confidence", "truncated", "none_of_these", "error")


class TopicsTable(Sequence[Topics]):
    """The topics of several texts, in their order."""

    def __init__(self, rows: Iterable[Topics]) -> None:
        self._rows = tuple(rows)

    def columns(self) -> dict[str, list[Any]]:
        """A list of each field but the confidences of all labels, by name.

        `pandas.DataFrame` and `pyarrow.table` take it as it is.
        """
        return {name: [getattr(row, name) for row in self._rows] for name in _COLUMNS}

    @overload
    def __getitem__(self, index: int) -> Topics: ...

    @overload
    def __getitem__(self, index: slice) -> "TopicsTable": ...

    def __getitem__(self, index: int | slice) -> "Topics | TopicsTable":
        return TopicsTable(self._rows[index]) if isinstance(index, slice) else self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TopicsTable) and self._rows == other._rows

    def __hash__(self) -> int:
        return hash(self._rows)

    def __repr__(self) -> str:
        return f"TopicsTable({list(self._rows)!r})"


def topics_of(text: str, prediction: Prediction) -> Topics:
    """The topics of a text as the server predicted them."""
    score = prediction.none_of_these if prediction.HasField("none_of_these") else None
    return Topics(text, *_level(prediction.coarse), *_level(prediction.fine), prediction.truncated, score)


def topics_from(
    text: str,
    coarse: Mapping[str, float],
    fine: Mapping[str, float],
    truncated: bool,
    none_of_these: float | None = None,
) -> Topics:
    """The topics of a text from the confidences of all labels; fine may be empty."""
    return Topics(text, *_top(coarse), *_top(fine), truncated, none_of_these)


def _level(topics: TopicConfidences) -> tuple[str, float, dict[str, float]]:
    confidences = dict(topics.confidences)
    return topics.top_topic, confidences.get(topics.top_topic, 0.0), confidences


def _top(confidences: Mapping[str, float]) -> tuple[str, float, dict[str, float]]:
    topic = max(confidences, key=confidences.__getitem__, default="")
    return topic, confidences.get(topic, 0.0), dict(confidences)
