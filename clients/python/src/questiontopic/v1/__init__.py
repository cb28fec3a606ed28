"""The protocol `questiontopic.v1` as protoc generated it: messages in `topic_pb2`, the service in `topic_pb2_grpc`."""
