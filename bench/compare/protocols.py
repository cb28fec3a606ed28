"""How each server is asked, and how its answer is read: texts to bytes and back. Nothing is sent here."""

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

# Compiled here, as the only message of another project's that anything here needs.
_inference = grpc.protos("open_inference.proto")

Floats = npt.NDArray[np.float32]
_TOPICS = 6


class Wire(Protocol):
    """A request and reply format; confidences are [texts, topics], topics in the order of their names."""

    @property
    def scheme(self) -> str:
        """grpc or http."""

    @property
    def path(self) -> str:
        """The method, or the place on the server."""

    def encode(self, texts: Sequence[str]) -> bytes:
        """The request's message."""

    def decode(self, reply: bytes) -> Floats:
        """The confidences in a reply."""


@dataclass(frozen=True)
class Topic:
    """Our own contract, with coarse confidences as by default."""

    scheme: str = "grpc"
    path: str = "/questiontopic.v1.TopicService/PredictTopic"

    def encode(self, texts: Sequence[str]) -> bytes:
        """PredictTopicRequest."""
        return topic_pb2.PredictTopicRequest(texts=texts).SerializeToString()

    def decode(self, reply: bytes) -> Floats:
        """PredictTopicResponse."""
        predictions = topic_pb2.PredictTopicResponse.FromString(reply).predictions
        rows = [[value for _, value in sorted(one.coarse.confidences.items())] for one in predictions]
        return np.array(rows, np.float32)


@dataclass(frozen=True)
class OpenInference:
    """The Open Inference Protocol, version 2, over gRPC."""

    scheme: str = "grpc"
    path: str = "/inference.GRPCInferenceService/ModelInfer"

    def encode(self, texts: Sequence[str]) -> bytes:
        """ModelInferRequest."""
        tensor = _inference.ModelInferRequest.InferInputTensor(name="texts", datatype="BYTES", shape=[len(texts), 1])
        raw = b"".join(struct.pack("<I", len(text)) + text for text in (one.encode() for one in texts))
        request = _inference.ModelInferRequest(model_name="topic", inputs=[tensor], raw_input_contents=[raw])
        message: bytes = request.SerializeToString()
        return message

    def decode(self, reply: bytes) -> Floats:
        """ModelInferResponse."""
        (raw,) = _inference.ModelInferResponse.FromString(reply).raw_output_contents
        return np.frombuffer(raw, np.float32).reshape(-1, _TOPICS)


@dataclass(frozen=True)
class OpenInferenceJson:
    """The same over HTTP."""

    scheme: str = "http"
    path: str = "/v2/models/topic/infer"

    def encode(self, texts: Sequence[str]) -> bytes:
        """One input."""
        tensor = {"name": "texts", "shape": [len(texts), 1], "datatype": "BYTES", "data": list(texts)}
        return json.dumps({"inputs": [tensor]}).encode()

    def decode(self, reply: bytes) -> Floats:
        """One output."""
        (output,) = json.loads(reply)["outputs"]
        return np.array(output["data"], np.float32).reshape(-1, _TOPICS)


@dataclass(frozen=True)
class Json:
    """Texts in, rows of numbers out; in BentoML's batch form the rows are the whole answer."""

    bare: bool = False
    scheme: str = "http"
    path: str = "/predict"

    def encode(self, texts: Sequence[str]) -> bytes:
        """An object with texts."""
        return json.dumps({"texts": list(texts)}).encode()

    def decode(self, reply: bytes) -> Floats:
        """Rows."""
        values = json.loads(reply)
        return np.array(values if self.bare else values["confidences"], np.float32)
