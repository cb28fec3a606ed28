"""TopicService: protobuf messages to plain values and back. Time and load are the batcher's business."""

from __future__ import annotations

import asyncio
import logging
import math
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn, TypeVar

import grpc

from questiontopic.v1 import topic_pb2

from .answers import Answer
from .batcher import Batcher
from .decoding import decode
from .errors import CallError, Internal, ModelNotFound, NotServing, to_status
from .limits import check_texts
from .model_process import LoadedModel
from .responses import Responses

SERVICE = topic_pb2.DESCRIPTOR.services_by_name["TopicService"].full_name

_log = logging.getLogger(__name__)
_Response = TypeVar("_Response", topic_pb2.PredictTopicResponse, topic_pb2.DescribeModelResponse)
_Context = grpc.aio.ServicerContext[bytes, bytes]


class TopicService:
    """Answers the contract's two methods once `model` and `batcher` are given to `start`, until `drain`."""

    def __init__(self) -> None:
        self._responses: Responses | None = None
        self._batcher: Batcher[Answer] | None = None
        self._draining = False
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def start(self, model: LoadedModel, batcher: Batcher[Answer]) -> None:
        """From now on calls are answered."""
        self._responses, self._batcher = Responses(model), batcher

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

    def _serving(self, name: str) -> tuple[Responses, Batcher[Answer]]:
        if self._responses is None or self._batcher is None:
            raise NotServing("the model is still loading")
        if name and name != (loaded := self._responses.model):
            # Cut, because callers refuse a status whose metadata is too large.
            raise ModelNotFound(f"model: no {name[:64]!r} here; the loaded model is {loaded!r}")
        return self._responses, self._batcher

    async def _predict(self, message: bytes, seconds_left: float | None) -> topic_pb2.PredictTopicResponse:
        deadline = math.inf if seconds_left is None else asyncio.get_running_loop().time() + seconds_left
        request = decode(topic_pb2.PredictTopicRequest, message)
        responses, batcher = self._serving(request.model)
        responses.check_level(request.label_level)
        texts = list(request.texts)
        check_texts(texts)
        return responses.predict(await batcher.predict(texts, deadline), request.label_level)

    async def _describe(self, message: bytes) -> topic_pb2.DescribeModelResponse:
        request = decode(topic_pb2.DescribeModelRequest, message)
        responses, _ = self._serving(request.model)
        return responses.describe


async def _abort(context: _Context, error: CallError) -> NoReturn:
    status = to_status(error)
    await context.abort(status.code, status.message, status.metadata)
