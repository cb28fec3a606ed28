"""Runs `questiontopic label` in the test's process, and makes and reads its tables."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from questiontopic.label.flags import parse
from questiontopic.label.job import Job

from .service import Answer, TopicService, answer


class Labelled(NamedTuple):
    """Whether every row has a topic, and what the job said."""

    complete: bool
    notes: list[str]


def coarse_service(predict: Answer = answer) -> TopicService:
    """A service whose model has no fine labels."""
    service = TopicService(predict)
    service.topics = {}
    return service


def label(address: str, *arguments: str | Path) -> Labelled:
    """Runs a job. Raises what ends it."""
    notes: list[str] = []
    settings = parse(["--address", address, *map(str, arguments)], {})
    return Labelled(Job(settings, notes.append).run(), notes)


def csv_rows(content: bytes, delimiter: str = ",") -> list[list[str]]:
    """The rows of a CSV file, with the header."""
    return list(csv.reader(io.StringIO(content.decode(), newline=""), delimiter=delimiter))


def json_rows(content: bytes) -> list[dict[str, object]]:
    """The objects of JSON lines."""
    return [json.loads(line) for line in content.decode().split("\n")[:-1]]


def table_of(rows: Sequence[Sequence[str]], delimiter: str = ",", end: str = "\r\n") -> bytes:
    """A CSV file."""
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    return stream.getvalue().encode()


def questions(number: int) -> bytes:
    """A CSV file of that many rows, some of which have line breaks, and some of which cannot be labelled."""
    notes = ("", 'says "yes"\nor no', "plain")
    texts = ("What is your salary?", "Who are you, {}?", " ", "Who\nis {}?")
    return table_of(
        [["id", "question", "note"]] + [[str(i), texts[i % 4].format(i), notes[i % 3]] for i in range(number)]
    )
