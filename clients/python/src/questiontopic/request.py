"""Builds the requests and the deadlines of both clients. The server checks the limits of the contract."""

from collections.abc import Iterable

from questiontopic.v1.topic_pb2 import LabelLevel, PredictTopicRequest

# The deadline of a call in seconds, if neither the client nor the call sets one.
DEFAULT_TIMEOUT = 10.0

# About 68 years. gRPC treats a much later or infinite deadline as one that has passed.
MAX_TIMEOUT = float(2**31 - 1)


def predict_topic_request(texts: Iterable[str], label_level: LabelLevel, model: str) -> PredictTopicRequest:
    """The request for these texts. Raises TypeError for one string, because each character would become a text."""
    if isinstance(texts, str | bytes):
        raise TypeError(f"texts must be a list of str, not one {type(texts).__name__}: pass [text]")
    return PredictTopicRequest(texts=texts, label_level=label_level, model=model)


def seconds(timeout: float | None, default: float) -> float:
    """The seconds from now to the deadline of a call: timeout, or default if timeout is None."""
    return min(default if timeout is None else timeout, MAX_TIMEOUT)
