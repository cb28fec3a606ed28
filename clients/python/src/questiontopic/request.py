"""Builds what the clients send: requests and deadlines. The limits of the contract are the server's to check."""

from collections.abc import Iterable

from questiontopic.v1.topic_pb2 import LabelLevel, PredictTopicRequest

# The deadline of a call, in seconds, unless the client or the call says otherwise.
DEFAULT_TIMEOUT = 10.0

# About 68 years: gRPC takes a deadline much further away, or an infinite one, for one that has passed.
LONGEST_TIMEOUT = float(2**31 - 1)


def predict_topic_request(texts: Iterable[str], label_level: LabelLevel, model: str) -> PredictTopicRequest:
    """The request for these texts; TypeError if texts is one string, whose characters would pass for texts."""
    if isinstance(texts, str | bytes):
        raise TypeError(f"texts must be a list of str, not one {type(texts).__name__}: pass [text]")
    return PredictTopicRequest(texts=texts, label_level=label_level, model=model)


def seconds(timeout: float | None, default: float) -> float:
    """The deadline of a call from now: timeout, or default where it is None."""
    return min(default if timeout is None else timeout, LONGEST_TIMEOUT)
