"""A TopicService whose answers a test defines, on a real gRPC server in the test's process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NoReturn

import grpc

from questiontopic import (
    LABEL_LEVEL_BOTH,
    LABEL_LEVEL_FINE,
    FieldViolation,
    Prediction,
    PredictTopicRequest,
    PredictTopicResponse,
    TopicConfidences,
    TopicError,
)
from questiontopic.testing import MODEL, TopicServer, send

Answer = Callable[[PredictTopicRequest, grpc.ServicerContext], PredictTopicResponse]


def answer(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
    """NUM for a text with the word salary, HUM for any other text; truncated if the text ends with an ellipsis."""
    return PredictTopicResponse(predictions=[_prediction(text, request) for text in request.texts], model=MODEL)


def refuse_bad(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
    """Like `answer`, but refuses a call for its first text with the word bad, as the server does for broken limits."""
    for index, text in enumerate(request.texts):
        if "bad" in text:
            refuse(context, FieldViolation(f"texts[{index}]", f"must be good,\nnot {text}"))
    return answer(request, context)


def refuse(
    context: grpc.ServicerContext,
    *violations: FieldViolation,
    code: grpc.StatusCode = grpc.StatusCode.INVALID_ARGUMENT,
) -> NoReturn:
    """Ends a call with these violations."""
    send(TopicError(code, "refused", violations=violations), context)


def _prediction(text: str, request: PredictTopicRequest) -> Prediction:
    number = "salary" in text
    prediction = Prediction(truncated=text.endswith("…"))
    if request.label_level != LABEL_LEVEL_FINE:
        prediction.coarse.CopyFrom(_topics(*(("NUM", "HUM") if number else ("HUM", "NUM"))))
    if request.label_level in (LABEL_LEVEL_FINE, LABEL_LEVEL_BOTH):
        prediction.fine.CopyFrom(_topics(*(("NUM:money", "HUM:ind") if number else ("HUM:ind", "NUM:money"))))
    return prediction


def _topics(first: str, second: str) -> TopicConfidences:
    return TopicConfidences(top_topic=first, confidences={first: 0.75, second: 0.25})


class TopicService(TopicServer):
    """Answers each call with the function `predict`."""

    def __init__(self, predict: Answer = answer) -> None:
        super().__init__()
        self.topics = {"Who?": "HUM", "How many?": "NUM"}
        self.agents: list[str] = []
        self._predict = predict

    def answer(self, request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        metadata = {key: str(value) for key, value in context.invocation_metadata()}
        self.agents.append(metadata["user-agent"])
        return self._predict(request, context)


def hold(context: grpc.ServicerContext) -> None:
    """Blocks a call until its caller ends it."""
    ended = threading.Event()
    if context.add_callback(ended.set):
        ended.wait()
