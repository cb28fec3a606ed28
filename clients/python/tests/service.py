"""A TopicService whose answers a test defines, on a real gRPC server in the test's process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NoReturn

import grpc
from google.protobuf.any_pb2 import Any
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from questiontopic import (
    LABEL_LEVEL_BOTH,
    LABEL_LEVEL_FINE,
    DescribeModelRequest,
    DescribeModelResponse,
    FineLabel,
    Limits,
    Model,
    Prediction,
    PredictTopicRequest,
    PredictTopicResponse,
    TopicConfidences,
)
from questiontopic.v1.topic_pb2_grpc import TopicServiceServicer, add_TopicServiceServicer_to_server

Answer = Callable[[PredictTopicRequest, grpc.ServicerContext], PredictTopicResponse]

MODEL = Model(name="test", version="1.0.0", digest="0" * 64)


def answer(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
    """NUM for a text with the word salary, HUM for any other text; truncated if the text ends with an ellipsis."""
    return PredictTopicResponse(predictions=[_prediction(text, request) for text in request.texts], model=MODEL)


def refuse_bad(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
    """Like `answer`, but refuses a call for its first text with the word bad, as the server does for broken limits."""
    for index, text in enumerate(request.texts):
        if "bad" in text:
            violation = error_details_pb2.BadRequest.FieldViolation
            refuse(context, violation(field=f"texts[{index}]", description=f"must be good,\nnot {text}"))
    return answer(request, context)


def refuse(
    context: grpc.ServicerContext,
    *violations: error_details_pb2.BadRequest.FieldViolation,
    code: grpc.StatusCode = grpc.StatusCode.INVALID_ARGUMENT,
) -> NoReturn:
    """Ends a call with these violations."""
    detail = Any()
    detail.Pack(error_details_pb2.BadRequest(field_violations=violations))
    status = status_pb2.Status(code=code.value[0], message="refused", details=[detail])
    context.abort_with_status(rpc_status.to_status(status))
    raise AssertionError("abort raises")


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


class TopicService(TopicServiceServicer):
    """Answers each call with the function `predict` and records the requests in their order."""

    def __init__(self, predict: Answer = answer, *, fine_labels: Sequence[FineLabel] = ()) -> None:
        self._predict = predict
        self._fine_labels = fine_labels
        self._lock = threading.Lock()
        self.requests: list[PredictTopicRequest] = []
        self.agents: list[str] = []

    def PredictTopic(  # noqa: N802 - the name of the method in the protocol
        self, request: PredictTopicRequest, context: grpc.ServicerContext
    ) -> PredictTopicResponse:
        metadata = {key: str(value) for key, value in context.invocation_metadata()}
        with self._lock:
            self.requests.append(request)
            self.agents.append(metadata["user-agent"])
        return self._predict(request, context)

    def DescribeModel(  # noqa: N802 - the name of the method in the protocol
        self, request: DescribeModelRequest, context: grpc.ServicerContext
    ) -> DescribeModelResponse:
        if request.model not in ("", MODEL.name):
            context.abort(grpc.StatusCode.NOT_FOUND, f"model {request.model} is not loaded")
        return DescribeModelResponse(
            model=MODEL, coarse_labels=["HUM", "NUM"], fine_labels=self._fine_labels, limits=Limits(max_texts=512)
        )


@contextmanager
def serving(service: TopicService, credentials: grpc.ServerCredentials | None = None) -> Iterator[str]:
    """Serves `service` until the block ends and returns its address. With credentials it uses TLS."""
    pool = ThreadPoolExecutor(max_workers=16)
    server = grpc.server(pool, options=[("grpc.max_receive_message_length", -1)])
    add_TopicServiceServicer_to_server(service, server)
    if credentials is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()
        pool.shutdown()


def hold(context: grpc.ServicerContext) -> None:
    """Blocks a call until its caller ends it."""
    ended = threading.Event()
    if context.add_callback(ended.set):
        ended.wait()
