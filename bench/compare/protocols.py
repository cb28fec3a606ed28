"""The formats of requests and replies: texts to bytes, and bytes to confidences. Nothing is sent here."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import grpc
import numpy as np
import numpy.typing as npt

from questiontopic.v1 import topic_pb2

# Compiled at import, because no other message of another project is needed. The path starts at the folder bench.
_inference = grpc.protos("compare/open_inference.proto")

Floats = npt.NDArray[np.float32]
_TOPICS = 6


class WireFormat(Protocol):
    """The format of a server's requests and replies. Confidences are [texts, topics], topics sorted by name."""

    @property
    def scheme(self) -> str:
        """`grpc`, `http`, or `merged`, which is `grpc` through the project's merging client."""

    @property
    def path(self) -> str:
        """The gRPC method, or the path of the URL."""

    def encode(self, texts: Sequence[str]) -> bytes:
        """Returns the body of a request."""

    def decode(self, reply: bytes) -> Floats:
        """Returns the confidences in the body of a reply."""


@dataclass(frozen=True)
class Topic:
    """Our own contract, with coarse confidences, which are its default."""

    scheme: str = "grpc"
    path: str = "/questiontopic.v1.TopicService/PredictTopic"

    def encode(self, texts: Sequence[str]) -> bytes:
        """Makes a PredictTopicRequest."""
        return topic_pb2.PredictTopicRequest(texts=texts).SerializeToString()

    def decode(self, reply: bytes) -> Floats:
        """Reads a PredictTopicResponse."""
        predictions = topic_pb2.PredictTopicResponse.FromString(reply).predictions
        rows = [[value for _, value in sorted(one.coarse.confidences.items())] for one in predictions]
        return np.array(rows, np.float32)


@dataclass(frozen=True)
class OpenInference:
    """The Open Inference Protocol, version 2, over gRPC."""

    scheme: str = "grpc"
    path: str = "/inference.GRPCInferenceService/ModelInfer"

    def encode(self, texts: Sequence[str]) -> bytes:
        """Makes a ModelInferRequest."""
        tensor = _inference.ModelInferRequest.InferInputTensor(name="texts", datatype="BYTES", shape=[len(texts), 1])
        raw = b"".join(struct.pack("<I", len(text)) + text for text in (one.encode() for one in texts))
        request = _inference.ModelInferRequest(model_name="topic", inputs=[tensor], raw_input_contents=[raw])
        message: bytes = request.SerializeToString()
        return message

    def decode(self, reply: bytes) -> Floats:
        """Reads a ModelInferResponse."""
        (raw,) = _inference.ModelInferResponse.FromString(reply).raw_output_contents
        return np.frombuffer(raw, np.float32).reshape(-1, _TOPICS)


@dataclass(frozen=True)
class OpenInferenceJson:
    """The Open Inference Protocol, version 2, over HTTP."""

    scheme: str = "http"
    path: str = "/v2/models/topic/infer"

    def encode(self, texts: Sequence[str]) -> bytes:
        """Makes a request with one input."""
        tensor = {"name": "texts", "shape": [len(texts), 1], "datatype": "BYTES", "data": list(texts)}
        return json.dumps({"inputs": [tensor]}).encode()

    def decode(self, reply: bytes) -> Floats:
        """Reads a reply with one output."""
        (output,) = json.loads(reply)["outputs"]
        return np.array(output["data"], np.float32).reshape(-1, _TOPICS)


@dataclass(frozen=True)
class Json:
    """A JSON object with texts, and a reply with rows of numbers, or with `rows_only` (BentoML) only the rows."""

    rows_only: bool = False
    scheme: str = "http"
    path: str = "/predict"

    def encode(self, texts: Sequence[str]) -> bytes:
        """Makes an object with texts."""
        return json.dumps({"texts": list(texts)}).encode()

    def decode(self, reply: bytes) -> Floats:
        """Reads the rows."""
        values = json.loads(reply)
        return np.array(values if self.rows_only else values["confidences"], np.float32)
