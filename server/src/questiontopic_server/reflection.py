"""gRPC server reflection, in both versions that callers ask for."""

from __future__ import annotations

import re
from collections.abc import Iterable

import grpc
from google.protobuf import text_format
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection, reflection_pb2

from questiontopic.v1 import topic_pb2

from .streams import Streams

_V1 = "grpc.reflection.v1.ServerReflection"


def reflection_handlers(services: Iterable[str], streams: Streams) -> list[grpc.GenericRpcHandler]:
    """What to register with a server, so that callers can list and describe these services and reflection itself."""
    names = (reflection.SERVICE_NAME, _V1)
    servicer = reflection.aio.ReflectionServicer([*services, *names], pool=_pool())
    method: grpc.RpcMethodHandler[bytes, bytes] = grpc.stream_stream_rpc_method_handler(
        streams.handle(servicer.ServerReflectionInfo),
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    # grpcio-reflection has v1alpha only. The messages of v1 are the same bytes under another package name.
    return [grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": method}) for name in names]


def _pool() -> DescriptorPool:
    """The descriptions of all services here."""
    pool = DescriptorPool()
    v1alpha = FileDescriptorProto.FromString(reflection_pb2.DESCRIPTOR.serialized_pb)
    v1 = text_format.Parse(text_format.MessageToString(v1alpha).replace("v1alpha", "v1"), FileDescriptorProto())
    others = (FileDescriptorProto.FromString(each.DESCRIPTOR.serialized_pb) for each in (topic_pb2, health_pb2))
    for file in (*others, v1alpha, v1):
        _add_json_names(file.message_type)
        pool.AddSerializedFile(file.SerializeToString())
    return pool


def _add_json_names(messages: Iterable[DescriptorProto]) -> None:
    """Adds the JSON names of fields, which grpcurl reads and prints and which Python's generated code lacks."""
    for message in messages:
        for field in message.field:
            field.json_name = re.sub("_(.)", lambda found: found[1].upper(), field.name)
        _add_json_names(message.nested_type)
