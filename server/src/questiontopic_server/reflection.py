"""gRPC server reflection, in both versions that callers ask for."""

from __future__ import annotations

from collections.abc import Iterable

import grpc
from google.protobuf import descriptor_pool, text_format
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_reflection.v1alpha import reflection, reflection_pb2

from .streams import Streams

_V1 = "grpc.reflection.v1.ServerReflection"


def reflection_handlers(services: Iterable[str], streams: Streams) -> list[grpc.GenericRpcHandler]:
    """What to register with a server, so that callers can list and describe these services and reflection itself."""
    names = (reflection.SERVICE_NAME, _V1)
    servicer = reflection.aio.ReflectionServicer([*services, *names])
    method: grpc.RpcMethodHandler[bytes, bytes] = grpc.stream_stream_rpc_method_handler(
        streams.handle(servicer.ServerReflectionInfo),
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    # grpcio-reflection has v1alpha only. The messages of v1 are the same bytes under another package name.
    _describe_v1()
    return [grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": method}) for name in names]


def _describe_v1() -> None:
    """Adds the description of v1 to the pool, so that a caller can describe all services that are listed."""
    v1alpha = FileDescriptorProto()
    reflection_pb2.DESCRIPTOR.CopyToProto(v1alpha)
    v1 = text_format.Parse(text_format.MessageToString(v1alpha).replace("v1alpha", "v1"), FileDescriptorProto())
    descriptor_pool.Default().AddSerializedFile(v1.SerializeToString())
