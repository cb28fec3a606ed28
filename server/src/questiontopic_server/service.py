"""TopicService: messages to plain values and back. Time and load are the batcher's work."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import grpc

from questiontopic.v1 import topic_pb2

from .batcher import Batcher
from .errors import CallError, Expired, FieldError, Internal, ModelNotFound, NotServing
from .responses import Answer, Responses
from .security.tokens import Tokens
from .status import CallStatus, to_status
from .telemetry.call import REQUEST_ID, CallRecord
from .telemetry.telemetry import Telemetry
from .validation import check_texts, decode

SERVICE: str = topic_pb2.DESCRIPTOR.services_by_name["TopicService"].full_name

# gRPC resets an expired call by a timer of its own, and the caller may then see CANCELLED. So a call is told that it
# has expired a little before its deadline: by this many seconds, but at most by this share of the time it was given.
_AHEAD_SECONDS, _AHEAD_SHARE = 0.010, 0.1
_MIN_SECONDS = 0.002  # A call with less time is refused at once, for the same reason. No text is answered sooner.
_MAX_NAME = 64  # Characters of an unknown model's name that are repeated. Callers refuse a status that is too large.

_log = logging.getLogger(__name__)
_Response = TypeVar("_Response", topic_pb2.PredictTopicResponse, topic_pb2.DescribeModelResponse)
_Context = grpc.aio.ServicerContext[bytes, bytes]
_Work = Callable[[bytes, float, CallRecord], Awaitable[_Response]]


class TopicService:
    """Answers the methods of the contract from `start` until `drain`."""

    def __init__(self, telemetry: Telemetry, tokens: Tokens | None = None) -> None:
        """`tokens`: who may call; by default everyone."""
        self._telemetry, self._tokens = telemetry, tokens
        self._responses: Responses | None = None
        self._batcher: Batcher[Answer] | None = None
        self._draining = False
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def start(self, responses: Responses, batcher: Batcher[Answer]) -> None:
        """From now on calls are answered."""
        self._responses, self._batcher = responses, batcher

    async def drain(self) -> None:
        """Refuses new calls with UNAVAILABLE. Returns when the answers of all accepted calls have been sent."""
        self._draining = True
        await self._idle.wait()

    @property
    def in_flight(self) -> int:
        """The number of accepted calls whose answer has not been sent."""
        return self._in_flight

    def handler(self) -> grpc.GenericRpcHandler:
        """What to register with a server.

        Requests arrive as bytes, so that `validation` can name the field that is malformed. The methods are registered
        with a stream of requests, because gRPC would never answer a unary call that ends without a message.
        """
        methods: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            "PredictTopic": grpc.stream_unary_rpc_method_handler(
                self._predict_topic, response_serializer=topic_pb2.PredictTopicResponse.SerializeToString
            ),
            "DescribeModel": grpc.stream_unary_rpc_method_handler(
                self._describe_model, response_serializer=topic_pb2.DescribeModelResponse.SerializeToString
            ),
        }
        return grpc.method_handlers_generic_handler(SERVICE, methods)

    async def _predict_topic(self, _: object, context: _Context) -> topic_pb2.PredictTopicResponse:
        return await self._answer("PredictTopic", context, self._predict)

    async def _describe_model(self, _: object, context: _Context) -> topic_pb2.DescribeModelResponse:
        return await self._answer("DescribeModel", context, self._describe)

    async def _answer(self, method: str, context: _Context, work: _Work[_Response]) -> _Response:
        """Answers a call by `work`, and reports it."""
        call = CallRecord.of(method, context)
        context.set_trailing_metadata(((REQUEST_ID, call.request_id),))
        self._telemetry.started(call)
        try:
            return await self._answered(call, context, work)
        finally:
            self._telemetry.ended(call)

    async def _answered(self, call: CallRecord, context: _Context, work: _Work[_Response]) -> _Response:
        """Reads the request and answers it by `work`. Turns what `work` raises into a status."""
        try:
            deadline = _deadline(context)  # Before the message is read: in a flood many calls are too late already.
            if self._tokens:
                call.caller = self._tokens.caller(context.invocation_metadata() or ())
            request = await context.read()
            if not isinstance(request, bytes):
                raise FieldError("", "the call has no message: send one request")
            if self._draining:
                raise NotServing("the server is draining; try another one")
            self._in_flight += 1
            self._idle.clear()
            context.add_done_callback(self._leave)  # type: ignore[arg-type]  # the stubs want a class, gRPC a function
            response = await work(request, deadline, call)
            call.code = grpc.StatusCode.OK.name
            return response
        except CallError as error:
            failure = error
        except Exception:  # noqa: BLE001 - the caller gets a request id, the log has the traceback
            failure = Internal(call.request_id)
            _log.exception("request %s failed", call.request_id)
        status: CallStatus = to_status(failure)
        call.code = status.code.name
        _log.debug("%s: %s: %s", call.peer, call.code, status.message)
        return await context.abort(status.code, status.message, (*status.metadata, (REQUEST_ID, call.request_id)))

    def _leave(self, _: _Context) -> None:
        self._in_flight -= 1
        if not self._in_flight:
            self._idle.set()

    async def _predict(self, message: bytes, deadline: float, call: CallRecord) -> topic_pb2.PredictTopicResponse:
        request = decode(topic_pb2.PredictTopicRequest, message)
        call.texts = list(request.texts)
        responses, batcher = self._serving(request.model)
        call.digest = responses.digest
        responses.check_level(request.label_level)
        check_texts(call.texts)
        return responses.predict(await batcher.predict(call.texts, deadline, call), request.label_level)

    async def _describe(self, message: bytes, _: float, call: CallRecord) -> topic_pb2.DescribeModelResponse:
        request = decode(topic_pb2.DescribeModelRequest, message)
        responses, _batcher = self._serving(request.model)
        call.digest = responses.digest
        return responses.describe

    def _serving(self, name: str) -> tuple[Responses, Batcher[Answer]]:
        """What answers, if `name` is the loaded model's or empty."""
        if self._responses is None or self._batcher is None:
            raise NotServing("the model is still loading")
        if name and name != (loaded := self._responses.model_name):
            raise ModelNotFound(f"model: no {name[:_MAX_NAME]!r} here; the loaded model is {loaded!r}")
        return self._responses, self._batcher


def _deadline(context: _Context) -> float:
    """When the call expires, by the event loop's clock. Raises Expired if it is too late already."""
    remaining = context.time_remaining()
    if remaining is None:
        return math.inf
    if remaining < _MIN_SECONDS:
        raise Expired
    ahead = min(_AHEAD_SECONDS, _AHEAD_SHARE * remaining)
    return asyncio.get_running_loop().time() + remaining - ahead
