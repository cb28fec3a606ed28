"""Prints answers: as a table for humans, or as JSON lines for programs."""

import json
import re
from collections.abc import Iterable
from typing import BinaryIO, Protocol

from questiontopic.bulk.batch import Row
from questiontopic.v1.topic_pb2 import Prediction, TopicConfidences


class Format(Protocol):
    """A format of the output. Each line ends with a line feed."""

    def header(self) -> str:
        """The lines before the first row."""

    def row(self, row: Row) -> str:
        """The lines for one text."""


class Table:
    """A header line, then one line for each text with the top topic of each requested level."""

    def __init__(self, label_level: str, none_from: float = 0.5) -> None:
        """label_level: coarse, fine or both. none_from: the smallest score "none of these" that is shown."""
        self._levels = ("coarse", "fine") if label_level == "both" else (label_level,)
        self._none_from = none_from

    def header(self) -> str:
        """The line with the titles of the columns."""
        titles = [level.upper() for level in self._levels] if len(self._levels) > 1 else ["TOPIC"]
        return "".join(f"{title:<12}  {'CONFIDENCE':>10}  " for title in titles) + "TEXT\n"

    def row(self, row: Row) -> str:
        """The top topics, their confidences and the text; dashes for a text without a prediction."""
        cells = "".join(_top_cells(row.prediction, level) for level in self._levels)
        return f"{cells}{squeeze(row.text)}{self._marks(row.prediction)}\n"

    def _marks(self, prediction: Prediction | None) -> str:
        if prediction is None:
            return ""
        truncated = " [truncated]" if prediction.truncated else ""
        if not prediction.HasField("none_of_these") or prediction.none_of_these < self._none_from:
            return truncated
        return f"{truncated} [none of these: {prediction.none_of_these:.6f}]"


def _top_cells(prediction: Prediction | None, level: str) -> str:
    if prediction is None:
        return f"{'-':<12}  {'-':>10}  "
    topics: TopicConfidences = getattr(prediction, level)
    return f"{topics.top_topic:<12}  {topics.confidences.get(topics.top_topic, 0.0):>10.6f}  "


def squeeze(text: str) -> str:
    """The text with each run of white space as one blank, so that it stays on one line."""
    return re.sub(r"\s+", " ", text)


class JsonLines:
    """One JSON object on each line, with all confidences of each requested level."""

    def header(self) -> str:
        """Empty: this format has no header."""
        return ""

    def row(self, row: Row) -> str:
        """The object of one text. A level or a score that the answer does not have is left out."""
        members = [f'"text":{json_string(row.text)}']
        if row.prediction is None:
            members.append(f'"error":{json_string("blank" if row.blank else row.reason)}')
        else:
            for level in ("coarse", "fine"):
                if row.prediction.HasField(level):
                    members.append(f'"{level}":{_topics(getattr(row.prediction, level))}')
            members.append(f'"truncated":{json.dumps(row.prediction.truncated)}')
            if row.prediction.HasField("none_of_these"):
                members.append(f'"noneOfThese":{row.prediction.none_of_these:.6f}')
        return f"{{{','.join(members)}}}\n"


def _topics(topics: TopicConfidences) -> str:
    # Python sorts strings by code point, which is also the order of their UTF-8 bytes.
    confidences = ",".join(f"{json_string(label)}:{value:.6f}" for label, value in sorted(topics.confidences.items()))
    return f'{{"topTopic":{json_string(topics.top_topic)},"confidences":{{{confidences}}}}}'


def json_string(text: str) -> str:
    """The text as a string of JSON."""
    # JSON allows these two characters without an escape, but some readers of JSON lines take them for line ends.
    return json.dumps(text, ensure_ascii=False).replace("\u2028", r"\u2028").replace("\u2029", r"\u2029")


class Printer:
    """Writes answers to a stream in one format. It flushes after the answers of each call."""

    def __init__(self, stream: BinaryIO, form: Format) -> None:
        self._stream = stream
        self._form = form

    def begin(self) -> None:
        """Prints the lines before the first answer."""
        self._write(self._form.header())

    def answers(self, rows: Iterable[Row]) -> None:
        """Prints the answers."""
        self._write("".join(map(self._form.row, rows)))

    def _write(self, text: str) -> None:
        self._stream.write(text.encode())
        self._stream.flush()
