"""The error of a failed call and its details."""

from __future__ import annotations

import grpc
import pytest
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from questiontopic import FieldViolation, PredictTopicRequest, PredictTopicResponse, TopicError

from .callers import Predict
from .conftest import Serve
from .service import TopicService


def _packed(*details: Message) -> list[Any]:
    packed = [Any() for _ in details]
    for detail, target in zip(details, packed, strict=True):
        target.Pack(detail)
    return packed


def _refusing(code: grpc.StatusCode, message: str, metadata: bytes | None) -> TopicService:
    def refuse(request: PredictTopicRequest, context: grpc.ServicerContext) -> PredictTopicResponse:
        if metadata is not None:
            context.set_trailing_metadata((("grpc-status-details-bin", metadata),))
        context.abort(code, message)
        raise AssertionError("abort raises")

    return TopicService(refuse)


def _rich(code: grpc.StatusCode, message: str, *details: Message) -> TopicService:
    status = status_pb2.Status(code=code.value[0], message=message, details=_packed(*details))
    return _refusing(code, message, status.SerializeToString())


def _failure(predict: Predict, address: str) -> TopicError:
    with pytest.raises(TopicError) as caught:
        predict(address, ["Who?"])
    assert isinstance(caught.value.__cause__, grpc.RpcError)
    return caught.value


def test_violations_name_the_fields(serve: Serve, predict: Predict) -> None:
    violation = error_details_pb2.BadRequest.FieldViolation
    request = error_details_pb2.BadRequest(
        field_violations=[
            violation(field="texts[3]", description="must not be empty"),
            violation(field="label_level", description="must be\nknown"),
        ]
    )
    error = _failure(predict, serve(_rich(grpc.StatusCode.INVALID_ARGUMENT, "refused", request)))
    assert error.code is grpc.StatusCode.INVALID_ARGUMENT
    assert error.message == "refused"
    assert error.violations == (
        FieldViolation("texts[3]", "must not be empty"),
        FieldViolation("label_level", "must be\nknown"),
    )
    assert str(error) == "INVALID_ARGUMENT: texts[3]: must not be empty; label_level: must be known"
    assert (error.reason, error.request_id, error.retry_after) == ("", "", None)


def test_a_reason_and_a_request_id_are_read(serve: Serve, predict: Predict) -> None:
    info = error_details_pb2.ErrorInfo(reason="INTERNAL", domain="questiontopic", metadata={"request_id": "7f3a"})
    error = _failure(predict, serve(_rich(grpc.StatusCode.INTERNAL, "our fault", info)))
    assert (error.reason, error.request_id) == ("INTERNAL", "7f3a")
    assert str(error) == "INTERNAL: our fault"


def test_a_proxys_reason_is_ignored(serve: Serve, predict: Predict) -> None:
    info = error_details_pb2.ErrorInfo(reason="RATE", domain="proxy.example.com", metadata={"request_id": "1"})
    error = _failure(predict, serve(_rich(grpc.StatusCode.RESOURCE_EXHAUSTED, "slow down", info)))
    assert (error.reason, error.request_id) == ("", "")


def test_the_servers_delay_is_in_seconds(serve: Serve, predict: Predict) -> None:
    delay = error_details_pb2.RetryInfo(retry_delay=Duration(seconds=1, nanos=250_000_000))
    error = _failure(predict, serve(_rich(grpc.StatusCode.RESOURCE_EXHAUSTED, "full", delay)))
    assert error.retry_after == 1.25


_REQUEST = error_details_pb2.BadRequest(field_violations=[{"field": "texts", "description": "must not be"}])
_GARBLED = Any(type_url="type.googleapis.com/google.rpc.BadRequest", value=b"\xff")


@pytest.mark.parametrize(
    "metadata",
    [
        b"\xff\xff",
        status_pb2.Status(code=5, message="another", details=_packed(_REQUEST)).SerializeToString(),
        status_pb2.Status(code=9, message="plain", details=[_GARBLED]).SerializeToString(),
        None,
    ],
    ids=["garbled", "of another status", "garbled detail", "none"],
)
def test_a_status_without_usable_details_is_reported(serve: Serve, predict: Predict, metadata: bytes | None) -> None:
    error = _failure(predict, serve(_refusing(grpc.StatusCode.FAILED_PRECONDITION, "plain", metadata)))
    assert str(error) == "FAILED_PRECONDITION: plain"
    assert (error.violations, error.reason, error.retry_after) == ((), "", None)
