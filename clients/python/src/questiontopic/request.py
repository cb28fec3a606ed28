"""Builds the requests and the deadlines of both clients. The server checks the limits of the contract."""

from collections.abc import Iterable

from questiontopic.v1.topic_pb2 import DescribeModelRequest, LabelLevel, PredictTopicRequest

# The contract's Limits of a request.
MAX_TEXTS, MAX_CHARACTERS = 512, 2000

# The deadline of a call in seconds, if neither the client nor the call sets one.
DEFAULT_TIMEOUT = 10.0

# About 68 years. gRPC treats a much later or infinite deadline as one that has passed.
MAX_TIMEOUT = float(2**31 - 1)


def predict_topic_request(texts: Iterable[str], label_level: LabelLevel, model: str) -> PredictTopicRequest:
    """The request for these texts.

    Raises TypeError for one string, because each character would become a text. Raises TypeError or ValueError, which
    name the field, for a text or a model that is not a str or cannot be UTF-8.
    """
    checked = [_checked(f"texts[{i}]", text) for i, text in enumerate(values(texts))]
    return PredictTopicRequest(texts=checked, label_level=label_level, model=_checked("model", model))


def values(texts: object) -> Iterable[str]:
    """The Python values in texts. Raises TypeError for one string, and for what has no values.

    An Arrow column, whose own items are no Python values, becomes a list.
    """
    if isinstance(texts, str | bytes) or not isinstance(texts, Iterable):
        raise TypeError(f"texts must be a list of str, not one {type(texts).__name__}: pass [text]")
    to_list = getattr(texts, "to_pylist", None)
    listed: Iterable[str] = texts if to_list is None else to_list()
    return listed


def describe_model_request(model: str) -> DescribeModelRequest:
    """The request for a description. Its errors are those of `predict_topic_request`."""
    return DescribeModelRequest(model=_checked("model", model))


def _checked(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{field} {not_text(value)}")
    if reason := not_text(value):
        raise ValueError(f"{field}: {reason}")
    return value


def not_text(value: object) -> str:
    """Why value cannot be sent as a text; empty if it can."""
    if not isinstance(value, str):
        return f"must be str, not {type(value).__name__}"
    try:
        value.encode()
    except UnicodeEncodeError as error:
        return f"not valid Unicode: half of a surrogate pair at index {error.start}"
    return ""


def unfit(text: str) -> str:
    """Why the server would refuse the text; empty if it would not."""
    if not text or text.isspace():
        return "must have a character that is not white space"
    if len(text) > MAX_CHARACTERS:
        return f"must have at most {MAX_CHARACTERS} characters, has {len(text)}: shorten it"
    return ""


def seconds(timeout: float | None, default: float) -> float:
    """The seconds from now to the deadline of a call: timeout, or default if timeout is None."""
    return min(default if timeout is None else timeout, MAX_TIMEOUT)
