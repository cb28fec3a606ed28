"""One run of the command: it reads texts, calls the server and prints the answers in the order of the texts."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from functools import partial

from questiontopic.aio import AsyncTopicClient
from questiontopic.command.failure import Failure, with_lines
from questiontopic.command.flags import Settings
from questiontopic.command.lines import Batch, batches
from questiontopic.command.output import JsonLines, Printer, Table
from questiontopic.command.thread import in_daemon_thread
from questiontopic.command.window import in_order
from questiontopic.error import TopicError
from questiontopic.v1.topic_pb2 import LABEL_LEVEL_BOTH, LABEL_LEVEL_COARSE, LABEL_LEVEL_FINE, Prediction

_STANDARD_INPUT = 0

_LABEL_LEVELS = {"coarse": LABEL_LEVEL_COARSE, "fine": LABEL_LEVEL_FINE, "both": LABEL_LEVEL_BOTH}


async def run(settings: Settings) -> None:
    """Prints the answers for settings.texts or, if there are none, for the lines of standard input.

    It ends with the first error: TopicError for a call, Failure for input or an answer, OSError for output.
    """
    printer = Printer(sys.stdout.buffer, Table(settings.label_level) if settings.output == "table" else JsonLines())
    source = _source(settings)
    printer.begin()
    async with (
        _connect(settings) as client,
        aclosing(
            in_order(
                lambda: in_daemon_thread(lambda: next(source, None)),
                partial(_predict, client, settings),
                settings.in_flight,
            )
        ) as answers,
    ):
        async for batch, predictions in answers:
            printer.answers(batch.texts, predictions)


def _source(settings: Settings) -> Iterator[Batch]:
    if settings.texts:
        return iter([Batch(settings.texts)])
    # Not sys.stdin.buffer: at exit Python waits for its lock, which a thread that still reads would hold.
    return batches(open(_STANDARD_INPUT, "rb", closefd=False), settings.texts_per_call)


def _connect(settings: Settings) -> AsyncTopicClient:
    if not settings.tls:
        return AsyncTopicClient.plaintext(settings.address, timeout=settings.timeout)
    return AsyncTopicClient.tls(
        settings.address,
        ca=settings.ca,
        certificate=settings.certificate,
        key=settings.key,
        server_name=settings.server_name,
        timeout=settings.timeout,
    )


async def _predict(client: AsyncTopicClient, settings: Settings, batch: Batch) -> tuple[Batch, Sequence[Prediction]]:
    level = _LABEL_LEVELS[settings.label_level]
    try:
        response = await client.predict_topic(batch.texts, label_level=level, model=settings.model)
    except TopicError as error:
        raise with_lines(error, batch.lines) from error
    if len(response.predictions) != len(batch.texts):
        raise Failure(f"the server gave {len(response.predictions)} predictions for {len(batch.texts)} texts")
    return batch, response.predictions
