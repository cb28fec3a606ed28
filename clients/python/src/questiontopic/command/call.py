"""Gets the answers of a batch from the server."""

from collections.abc import Sequence

import grpc

from questiontopic.aio import AsyncTopicClient
from questiontopic.command.batch import Batch, Row
from questiontopic.command.failure import Failure, text_index, with_lines
from questiontopic.command.flags import Settings
from questiontopic.error import TopicError
from questiontopic.v1.topic_pb2 import LABEL_LEVEL_BOTH, LABEL_LEVEL_COARSE, LABEL_LEVEL_FINE

_LABEL_LEVELS = {"coarse": LABEL_LEVEL_COARSE, "fine": LABEL_LEVEL_FINE, "both": LABEL_LEVEL_BOTH}


async def answer(client: AsyncTopicClient, settings: Settings, batch: Batch) -> Batch:
    """The batch with a prediction in each row that had no reason against it. Raises TopicError or Failure.

    If settings.skip, a text that the server refuses gets the reason instead, and the other texts are sent again.
    """
    level = _LABEL_LEVELS[settings.label_level]
    while rows := batch.unanswered():
        try:
            response = await client.predict_topic([row.text for row in rows], label_level=level, model=settings.model)
        except TopicError as error:
            if settings.skip and _refuse(rows, error):
                continue
            raise with_lines(error, [row.number for row in rows] if batch.unit == "line" else ()) from error
        if len(response.predictions) != len(rows):
            raise Failure(f"the server gave {len(response.predictions)} predictions for {len(rows)} texts")
        for row, prediction in zip(rows, response.predictions, strict=True):
            row.prediction = prediction
    return batch


def _refuse(sent: Sequence[Row], error: TopicError) -> bool:
    """Gives a reason to each row whose text the server refused. Returns whether there is one."""
    if error.code is not grpc.StatusCode.INVALID_ARGUMENT:
        return False
    refused = False
    for violation in error.violations:
        index = text_index(violation, len(sent))
        if index is not None:
            reason = violation.description or "refused"
            sent[index].reason = f"{sent[index].reason}; {reason}" if sent[index].reason else reason
            refused = True
    return refused
