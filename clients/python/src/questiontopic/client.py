"""The synchronous client: a thin layer over the generated stub that owns its channel."""

from collections.abc import Iterable
from types import TracebackType
from typing import Self

import grpc

from questiontopic.channel import channel_options, tls_credentials
from questiontopic.error import topic_errors
from questiontopic.request import DEFAULT_TIMEOUT, predict_topic_request, seconds
from questiontopic.v1.topic_pb2 import (
    LABEL_LEVEL_UNSPECIFIED,
    DescribeModelRequest,
    DescribeModelResponse,
    LabelLevel,
    PredictTopicResponse,
)
from questiontopic.v1.topic_pb2_grpc import TopicServiceStub


class TopicClient:
    """Calls one TopicService. Safe to share between threads; close it at the end, by `with` or `close()`.

    Make it with `plaintext` or `tls`: its calls then retry UNAVAILABLE, up to four attempts within the deadline, and
    take turns among the addresses of the host's name. The connection is made by the first call.
    """

    def __init__(self, channel: grpc.Channel, *, timeout: float = DEFAULT_TIMEOUT) -> None:
        """Takes over a channel: `close()` closes it. Without `channel_options` in it, its calls are not retried.

        timeout: the deadline of each call in seconds, from its start to its answer with all retries; 10 by default.
        """
        self._channel = channel
        self._stub = TopicServiceStub(channel)
        self._timeout = timeout

    @classmethod
    def plaintext(cls, address: str, *, timeout: float = DEFAULT_TIMEOUT) -> Self:
        """A client that encrypts nothing: for this machine, or below a mesh that encrypts.

        address: HOST:PORT, or any other gRPC target. timeout: as for the constructor.
        """
        return cls(grpc.insecure_channel(address, channel_options(address)), timeout=timeout)

    @classmethod
    def tls(
        cls,
        address: str,
        *,
        ca: bytes | None = None,
        certificate: bytes | None = None,
        key: bytes | None = None,
        server_name: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> Self:
        """A client that encrypts and verifies the server, and shows its own certificate if it has one (mutual TLS).

        address: HOST:PORT, or any other gRPC target. ca: the roots to trust, PEM; None, the default, trusts the
        system's. certificate and key: the client's own chain and private key, PEM; both or neither (ValueError).
        server_name: the name that the server's certificate must carry; None, the default, takes the address's host.
        timeout: as for the constructor.
        """
        credentials = tls_credentials(ca, certificate, key)
        return cls(grpc.secure_channel(address, credentials, channel_options(address, server_name)), timeout=timeout)

    def predict_topic(
        self,
        texts: Iterable[str],
        *,
        label_level: LabelLevel = LABEL_LEVEL_UNSPECIFIED,
        model: str = "",
        timeout: float | None = None,
    ) -> PredictTopicResponse:
        """One prediction per text, in the order of texts; TopicError if the call fails.

        texts: 1 to 512, each of 1 to 2,000 characters that are not all white space; a single str is a TypeError.
        label_level: how fine the topics are, coarse by default. model: the bundle that must answer; empty, the
        default, accepts any. timeout: the deadline of this call in seconds, if not the client's.
        """
        request = predict_topic_request(texts, label_level, model)
        with topic_errors():
            response: PredictTopicResponse = self._stub.PredictTopic(request, timeout=seconds(timeout, self._timeout))
        return response

    def describe_model(self, *, model: str = "", timeout: float | None = None) -> DescribeModelResponse:
        """The model that is loaded, with its labels, limits and quality; TopicError if the call fails.

        model and timeout: as for `predict_topic`.
        """
        request = DescribeModelRequest(model=model)
        with topic_errors():
            response: DescribeModelResponse = self._stub.DescribeModel(request, timeout=seconds(timeout, self._timeout))
        return response

    def close(self) -> None:
        """Closes the channel, which cancels calls under way; closing again does nothing."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
