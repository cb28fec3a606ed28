"""TopicService: protobuf messages to plain values and back. Time and load are the batcher's business."""

from __future__ import annotations

import asyncio
import logging
import math
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NoReturn, TypeVar

import grpc

from questiontopic.v1 import topic_pb2

from .answers import Answer
from .batcher import Batcher
from .decoding import decode
from .errors import CallError, FieldError, Internal, ModelNotFound, NotServing, to_status
from .limits import MAX_CHARACTERS, MAX_MESSAGE_BYTES, MAX_TEXTS, check_texts
from .model_process import LoadedModel

SERVICE = topic_pb2.DESCRIPTOR.services_by_name["TopicService"].full_name

_log = logging.getLogger(__name__)
_Response = TypeVar("_Response", topic_pb2.PredictTopicResponse, topic_pb2.DescribeModelResponse)
_Context = grpc.aio.ServicerContext[bytes, bytes]


class TopicService:
    """Answers the contract's two methods once `model` and `batcher` are given to `start`, until `drain`."""

    def __init__(self) -> None:
        self._model: LoadedModel | None = None
        self._batcher: Batcher[Answer] | None = None
        self._draining = False
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def start(self, model: LoadedModel, batcher: Batcher[Answer]) -> None:
        """From now on calls are answered."""
        self._model, self._batcher = model, batcher

    async def drain(self) -> None:
        """Refuses new calls with UNAVAILABLE and returns when the answers of all accepted ones have been sent."""
        self._draining = True
        await self._idle.wait()

    @property
    def in_flight(self) -> int:
        """The number of accepted calls that are not answered yet."""
        return self._in_flight

    def handler(self) -> grpc.GenericRpcHandler:
        """The handler to register. Requests arrive as bytes, so that `decode` can name the field that is malformed."""
        methods: dict[str, grpc.RpcMethodHandler[bytes, Any]] = {
            "PredictTopic": grpc.unary_unary_rpc_method_handler(
                self._predict_topic, response_serializer=topic_pb2.PredictTopicResponse.SerializeToString
            ),
            "DescribeModel": grpc.unary_unary_rpc_method_handler(
                self._describe_model, response_serializer=topic_pb2.DescribeModelResponse.SerializeToString
            ),
        }
        return grpc.method_handlers_generic_handler(SERVICE, methods)

    async def _predict_topic(self, request: bytes, context: _Context) -> topic_pb2.PredictTopicResponse:
        return await self._answer(context, lambda: self._predict(request, context.time_remaining()))

    async def _describe_model(self, request: bytes, context: _Context) -> topic_pb2.DescribeModelResponse:
        return await self._answer(context, lambda: self._describe(request))

    async def _answer(self, context: _Context, work: Callable[[], Awaitable[_Response]]) -> _Response:
        """Counts the call until its answer has been sent, and turns what `work` raises into a status."""
        if self._draining:
            return await _abort(context, NotServing("the server is draining; try another one"))
        self._in_flight += 1
        self._idle.clear()
        context.add_done_callback(self._leave)  # type: ignore[arg-type]  # the stubs want a class, gRPC a function
        try:
            return await work()
        except CallError as error:
            failure = error
        except Exception:  # noqa: BLE001 - the caller gets a request id, the log the traceback
            failure = Internal(uuid.uuid4().hex)
            _log.exception("request %s failed", failure.request_id)
        return await _abort(context, failure)

    def _leave(self, context: _Context) -> None:
        self._in_flight -= 1
        if not self._in_flight:
            self._idle.set()

    def _serving(self, name: str) -> tuple[LoadedModel, Batcher[Answer]]:
        if self._model is None or self._batcher is None:
            raise NotServing("the model is still loading")
        if name and name != (loaded := self._model.manifest.name):
            # Cut, because callers refuse a status whose metadata is too large.
            raise ModelNotFound(f"model: no {name[:64]!r} here; the loaded model is {loaded!r}")
        return self._model, self._batcher

    async def _predict(self, message: bytes, seconds_left: float | None) -> topic_pb2.PredictTopicResponse:
        loop = asyncio.get_running_loop()
        deadline = math.inf if seconds_left is None else loop.time() + seconds_left
        request = decode(topic_pb2.PredictTopicRequest, message)
        model, batcher = self._serving(request.model)
        want_coarse, want_fine = _levels(request.label_level, model)
        texts = list(request.texts)
        check_texts(texts)
        answers = await batcher.predict(texts, deadline)
        coarse = model.manifest.coarse_labels if want_coarse else None
        fine = tuple(label.name for label in model.manifest.fine_labels) if want_fine else None
        return topic_pb2.PredictTopicResponse(
            predictions=[_prediction(answer, coarse, fine) for answer in answers], model=_model(model)
        )

    async def _describe(self, message: bytes) -> topic_pb2.DescribeModelResponse:
        request = decode(topic_pb2.DescribeModelRequest, message)
        model, _ = self._serving(request.model)
        manifest = model.manifest
        return topic_pb2.DescribeModelResponse(
            model=_model(model),
            coarse_labels=manifest.coarse_labels,
            fine_labels=[topic_pb2.FineLabel(name=label.name, coarse=label.coarse) for label in manifest.fine_labels],
            limits=topic_pb2.Limits(
                max_texts=MAX_TEXTS,
                max_characters=MAX_CHARACTERS,
                max_message_bytes=MAX_MESSAGE_BYTES,
                max_pieces=model.max_pieces,
            ),
            languages=manifest.languages,
            metrics=manifest.metrics,
            runtime=model.runtime,
        )


async def _abort(context: _Context, error: CallError) -> NoReturn:
    status = to_status(error)
    await context.abort(status.code, status.message, status.metadata)


def _levels(level: topic_pb2.LabelLevel, model: LoadedModel) -> tuple[bool, bool]:
    """Whether coarse and fine confidences are wanted."""
    if level not in topic_pb2.LabelLevel.values():
        known = ", ".join(topic_pb2.LabelLevel.keys()[1:])
        raise FieldError("label_level", f"must be one of {known}, is {level}")
    want_fine = level in (topic_pb2.LABEL_LEVEL_FINE, topic_pb2.LABEL_LEVEL_BOTH)
    if want_fine and not model.manifest.fine_labels:
        raise FieldError("label_level", f"must be coarse: the model {model.manifest.name!r} has no fine labels")
    return level != topic_pb2.LABEL_LEVEL_FINE, want_fine


def _model(model: LoadedModel) -> topic_pb2.Model:
    manifest = model.manifest
    return topic_pb2.Model(name=manifest.name, version=manifest.version, digest=manifest.digest)


def _prediction(answer: Answer, coarse: Sequence[str] | None, fine: Sequence[str] | None) -> topic_pb2.Prediction:
    prediction = topic_pb2.Prediction(truncated=answer.truncated)
    if coarse is not None:
        prediction.coarse.CopyFrom(_confidences(coarse, answer.coarse))
    if fine is not None:
        prediction.fine.CopyFrom(_confidences(fine, answer.fine))
    return prediction


def _confidences(labels: Sequence[str], values: Sequence[float]) -> topic_pb2.TopicConfidences:
    top = labels[values.index(max(values))]
    return topic_pb2.TopicConfidences(top_topic=top, confidences=dict(zip(labels, values, strict=True)))
