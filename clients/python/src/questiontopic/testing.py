"""A server for tests: real gRPC in the test's own process, and answers that the test says."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cached_property
from types import TracebackType
from typing import NoReturn, Self

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from questiontopic.client import TopicClient
from questiontopic.error import FieldViolation, TopicError
from questiontopic.request import MAX_CHARACTERS, MAX_TEXTS, unfit
from questiontopic.v1.topic_pb2 import (
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

MODEL = Model(name="test", version="1.0.0", digest="0" * 64)

Answer = str | Mapping[str, float]
"""A label such as `NUM` or `NUM:money`, or the confidences of several labels. Before the colon is the coarse label."""


class TopicServer(TopicServiceServicer):
    """Serves until its `with` block ends, and records the requests."""

    def __init__(self) -> None:
        self.topics: Mapping[str, Answer] | Callable[[str], Answer] = {}
        """The answer to each text, or a function that gives it. The function may wait, or raise TopicError."""
        self.none_of_these: Mapping[str, float] | None = None
        """The score of each text that it belongs to none of the labels; 0 for texts that are not in it.

        None is a model without that score.
        """
        self.error: TopicError | None = None
        """The error of every call; None for answers."""
        self.requests: list[PredictTopicRequest] = []
        """The requests of PredictTopic, in the order of their arrival."""
        self.address = ""
        """127.0.0.1 and the port."""
        self._lock = threading.Lock()
        self._exit = ExitStack()

    @property
    def texts(self) -> list[str]:
        """All texts of the requests."""
        return [text for request in self.requests for text in request.texts]

    @cached_property
    def client(self) -> TopicClient:
        """A client of this server, which is closed together with it."""
        return self._exit.enter_context(TopicClient.plaintext(self.address))

    def start(self, credentials: grpc.ServerCredentials | None = None) -> None:
        """Serves on a free port of 127.0.0.1 until `close`. With credentials it uses TLS."""
        threads = self._exit.enter_context(ThreadPoolExecutor(16))
        server = grpc.server(threads, options=[("grpc.max_receive_message_length", -1)])
        add_TopicServiceServicer_to_server(self, server)
        place = "127.0.0.1:0"
        port = server.add_secure_port(place, credentials) if credentials else server.add_insecure_port(place)
        self.address = f"127.0.0.1:{port}"
        server.start()
        self._exit.callback(lambda: server.stop(None).wait())

    def close(self) -> None:
        """Ends all calls and stops."""
        self._exit.close()

    def PredictTopic(  # noqa: N802 - the name of the method in the protocol
        self, request: PredictTopicRequest, context: grpc.ServicerContext
    ) -> PredictTopicResponse:
        """Records the request and answers it as `topics` and `error` say."""
        with self._lock:
            self.requests.append(request)
        return self.answer(request, context)

    def answer(self, request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        """The answer to a request. A subclass may give another one."""
        if self.error is not None:
            send(self.error, context)
        try:
            _check(request)
            answers = [self._topics_of(index, text) for index, text in enumerate(request.texts)]
        except TopicError as error:
            send(error, context)
        predictions = [_prediction(answer, request.label_level) for answer in answers]
        if self.none_of_these is not None:
            for text, prediction in zip(request.texts, predictions, strict=True):
                prediction.none_of_these = self.none_of_these.get(text, 0.0)
        return PredictTopicResponse(predictions=predictions, model=MODEL)

    def DescribeModel(  # noqa: N802 - the name of the method in the protocol
        self, request: DescribeModelRequest, context: grpc.ServicerContext
    ) -> DescribeModelResponse:
        """The model `test`. It has the labels of `topics`, unless that is a function."""
        if request.model not in ("", MODEL.name):
            send(_not_found(request.model), context)
        answers = self.topics.values() if isinstance(self.topics, Mapping) else ()
        labels = sorted({label for answer in answers for label in _confidences(answer)})
        return DescribeModelResponse(
            model=MODEL,
            coarse_labels=sorted(set(map(_coarse, labels))),
            fine_labels=[FineLabel(name=label, coarse=_coarse(label)) for label in labels],
            limits=Limits(max_texts=MAX_TEXTS, max_characters=MAX_CHARACTERS),
            has_none_of_these=self.none_of_these is not None,
        )

    def _topics_of(self, index: int, text: str) -> Answer:
        if not isinstance(self.topics, Mapping):
            return self.topics(text)
        if text not in self.topics:
            raise _refused(f"texts[{index}]", f"the test's topic_server.topics has no topic for {text!r}")
        return self.topics[text]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def send(error: TopicError, context: grpc.ServicerContext) -> NoReturn:
    """Ends a call with the error and its details."""
    status = status_pb2.Status(code=error.code.value[0], message=error.message)
    details: list[Message] = []
    if error.violations:
        violations = [error_details_pb2.BadRequest.FieldViolation(field=f, description=d) for f, d in error.violations]
        details.append(error_details_pb2.BadRequest(field_violations=violations))
    if error.reason or error.request_id:
        metadata = {"request_id": error.request_id} if error.request_id else {}
        details.append(error_details_pb2.ErrorInfo(reason=error.reason, domain="questiontopic", metadata=metadata))
    if error.retry_after is not None:
        delay = Duration()
        delay.FromMicroseconds(round(error.retry_after * 1e6))
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    for detail in details:
        status.details.add().Pack(detail)
    context.abort_with_status(rpc_status.to_status(status))
    raise AssertionError("abort raises")


def _check(request: PredictTopicRequest) -> None:
    if request.model not in ("", MODEL.name):
        raise _not_found(request.model)
    if not 1 <= len(request.texts) <= MAX_TEXTS:
        raise _refused("texts", f"must hold 1 to {MAX_TEXTS} texts, holds {len(request.texts)}")
    for index, text in enumerate(request.texts):
        if reason := unfit(text):
            raise _refused(f"texts[{index}]", reason)


def _refused(field: str, description: str) -> TopicError:
    violations = [FieldViolation(field, description)]
    return TopicError(grpc.StatusCode.INVALID_ARGUMENT, f"{field}: {description}", violations=violations)


def _not_found(model: str) -> TopicError:
    return TopicError(grpc.StatusCode.NOT_FOUND, f"model {model} is not loaded", reason="MODEL_NOT_FOUND")


def _prediction(answer: Answer, level: int) -> Prediction:
    fine = _confidences(answer)
    coarse = dict.fromkeys(map(_coarse, fine), 0.0)
    for label, confidence in fine.items():
        coarse[_coarse(label)] += confidence
    return Prediction(
        coarse=_levelled(coarse) if level != LABEL_LEVEL_FINE else None,
        fine=_levelled(fine) if level in (LABEL_LEVEL_FINE, LABEL_LEVEL_BOTH) else None,
    )


def _levelled(confidences: Mapping[str, float]) -> TopicConfidences:
    return TopicConfidences(top_topic=max(confidences, key=confidences.__getitem__), confidences=confidences)


def _confidences(answer: Answer) -> Mapping[str, float]:
    return {answer: 1.0} if isinstance(answer, str) else answer


def _coarse(label: str) -> str:
    return label.partition(":")[0]
