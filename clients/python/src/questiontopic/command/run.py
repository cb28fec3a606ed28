"""One run of the command: it reads texts, calls the server and prints the answers in the order of the texts."""

import os
import sys
from collections.abc import Iterator
from contextlib import aclosing
from functools import partial

from questiontopic.aio import AsyncTopicClient
from questiontopic.bulk.batch import Batch, Level
from questiontopic.bulk.tasks import answer, in_order
from questiontopic.command.batch import batch_of, batches
from questiontopic.command.flags import Settings
from questiontopic.command.labels import label_lines
from questiontopic.command.lines import read_lines
from questiontopic.command.output import JsonLines, Printer, Table
from questiontopic.command.report import Report
from questiontopic.command.thread import in_daemon_thread
from questiontopic.v1.topic_pb2 import LABEL_LEVEL_BOTH, LABEL_LEVEL_COARSE, LABEL_LEVEL_FINE, PredictTopicResponse

_STANDARD_INPUT = 0
_LABEL_LEVELS = {"coarse": LABEL_LEVEL_COARSE, "fine": LABEL_LEVEL_FINE, "both": LABEL_LEVEL_BOTH}


async def run(settings: Settings, report: Report) -> bool:
    """Prints the answers for settings.texts or, if there are none, for the lines of standard input.

    Returns whether every text has an answer. It ends with the first error: TopicError for a call, Failure for input or
    an answer, OSError for output.
    """
    if settings.labels:
        await _print_labels(settings)
        return True
    is_table = settings.output == "table"
    printer = Printer(sys.stdout.buffer, Table(settings.label_level, settings.none_from) if is_table else JsonLines())
    if len(settings.texts) == 1:
        report.hint_at_file(settings.texts[0])
    source = _source(settings)
    printer.begin()
    async with (
        settings.connection.open(AsyncTopicClient) as client,
        aclosing(
            in_order(
                lambda: in_daemon_thread(lambda: next(source, None)),
                partial(answer, lambda batch: _call(client, settings, batch)),
                settings.in_flight,
            )
        ) as answered,
    ):
        async for batch in answered:
            printer.answers(batch.rows)
            report.add(batch, "text" if settings.texts else "line")
    return report.end()


async def _call(client: AsyncTopicClient, settings: Settings, batch: Batch) -> PredictTopicResponse:
    return await client.predict_topic(batch.texts, label_level=batch.level, model=settings.model)


async def _print_labels(settings: Settings) -> None:
    async with settings.connection.open(AsyncTopicClient) as client:
        described = await client.describe_model(model=settings.model)
    sys.stdout.buffer.write("".join(label_lines(described, settings.output)).encode())
    sys.stdout.buffer.flush()


def _source(settings: Settings) -> Iterator[Batch]:
    level = Level(_LABEL_LEVELS[settings.label_level], preferred=False)
    if settings.texts:
        return iter([batch_of(settings.texts, level, skip=settings.skip)])
    # Not sys.stdin.buffer: at exit Python waits for its lock, which a thread that still reads would hold.
    stream = os.fdopen(_STANDARD_INPUT, "rb", closefd=False)
    return batches(
        read_lines(stream), settings.texts_per_call, level, skip=settings.skip, skip_blank=settings.skip_blank
    )
