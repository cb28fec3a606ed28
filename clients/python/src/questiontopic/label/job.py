"""One job: reads the rows of a table, asks the server for their topics, and writes both."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import chain, islice

from questiontopic.client import TopicClient
from questiontopic.command.failure import Failure
from questiontopic.label.delimited import read_delimited
from questiontopic.label.flags import Settings
from questiontopic.label.form import reason_of
from questiontopic.label.json_lines import read_json_lines
from questiontopic.label.names import Names
from questiontopic.label.parquet import read_parquet
from questiontopic.label.patience import Patience
from questiontopic.label.progress import Progress
from questiontopic.label.row import Row, Table
from questiontopic.label.source import Source
from questiontopic.label.summary import Summary
from questiontopic.label.target import Target, check_target, open_target
from questiontopic.topics import Topics
from questiontopic.v1.topic_pb2 import LABEL_LEVEL_BOTH, LABEL_LEVEL_COARSE, DescribeModelResponse


class Job:
    """Labels one table."""

    def __init__(self, settings: Settings, note: Callable[[str], None]) -> None:
        self._settings, self._note = settings, note
        self._summary = Summary()

    def run(self) -> bool:
        """Whether every row has a topic.

        Raises Failure for an input or an output that cannot be used, TopicError for the server, OSError for files.
        """
        settings, started = self._settings, time.monotonic()
        check_target(settings)
        source = Source(settings.input)
        described = self._describe()
        names = Names(settings.prefix, fine=bool(described.fine_labels), none_of_these=described.has_none_of_these)
        table = self._table(source, names)
        names.check(table.columns)
        target, again = open_target(settings, table, names, self._summary)
        shown = sys.stderr.isatty() if settings.progress is None else settings.progress
        try:
            with Progress(shown, source.size, sys.stderr) as progress:
                self._label(chain(again, table.rows), target, described, progress)
        except BaseException:
            target.discard()
            if settings.output and settings.output_format != "parquet":
                self._note(f"{settings.output} has whole rows only; go on with --resume")
            raise
        else:
            target.finish()
        finally:
            for line in self._summary.lines(time.monotonic() - started):
                self._note(line)
        return not self._summary.errors

    def _describe(self) -> DescribeModelResponse:
        with self._settings.connection.open(TopicClient) as client:
            return client.describe_model(model=self._settings.model)

    def _table(self, source: Source, names: Names) -> Table:
        settings = self._settings
        if settings.input_format == "parquet":
            return read_parquet(settings.input, settings.text_column)
        if settings.input_format == "jsonl":
            added, open_ended = [*names.all, names.extra], settings.output_format == "jsonl"
            return read_json_lines(source, settings.text_column, added, open_ended=open_ended)
        usual = "\t" if settings.input_format == "tsv" else ","
        return read_delimited(source, settings.text_column, settings.delimiter, usual)

    def _label(self, rows: Iterator[Row], target: Target, described: DescribeModelResponse, progress: Progress) -> None:
        patience = Patience(self._settings.patience, self._note)
        with closing(patience.answered(rows, lambda texts: self._ask(texts, described))) as labelled:
            # As many rows as a call has: what is written is a whole number of calls.
            while batch := list(islice(labelled, self._settings.texts_per_call)):
                target.write(batch)
                for row, topics in batch:
                    self._summary.add(row.number, reason_of(row, topics))
                progress.show(len(batch), batch[-1][0].position)

    def _ask(self, texts: Iterator[str], described: DescribeModelResponse) -> Iterator[Topics]:
        settings = self._settings
        with settings.connection.open(TopicClient) as client:
            now = client.describe_model(model=settings.model)
            if now.model.digest != described.model.digest:
                was = f"{described.model.name} {described.model.version}"
                raise Failure(f"the server now has another model: {now.model.name} {now.model.version}, it was {was}")
            yield from client.predict_many(
                texts,
                label_level=LABEL_LEVEL_BOTH if described.fine_labels else LABEL_LEVEL_COARSE,
                model=settings.model,
                texts_per_call=settings.texts_per_call,
                in_flight=settings.in_flight,
                on_error="skip",
            )
