"""One connection to the server, and the ways to call over it."""

from __future__ import annotations

from typing import Self, cast

import grpc.aio
from token_server import METHOD, bearer

from questiontopic import AsyncTopicClient, Merging
from questiontopic.channel import channel_options
from questiontopic.v1.topic_pb2 import LabelLevel, PredictTopicResponse

from .access import Access
from .tally import SECONDS

_REFLECT = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
_SERVICES = b"\x3a\x00"  # A ServerReflectionRequest for the list of services.
_OPTIONS = {
    "grpc.use_local_subchannel_pool": 1,  # Otherwise channels could share a connection.
    "grpc.enable_retries": 0,  # Otherwise a refusal would be seen only after four.
    "grpc.max_send_message_length": -1,  # Otherwise a message that is too large would not leave.
}


class Connection:
    """`async with Connection(…) as connection:` opens it with the first call, and closes it."""

    def __init__(self, address: str, access: Access, credentials: grpc.ChannelCredentials | None = None) -> None:
        options = {**dict(channel_options(address)), **_OPTIONS}
        self.access = access
        self.channel = grpc.aio.secure_channel(address, credentials or access.credentials(), list(options.items()))
        self.plain = AsyncTopicClient(self.channel, token=access.token, timeout=SECONDS)
        self.merging = AsyncTopicClient(self.channel, token=access.token, timeout=SECONDS, merging=Merging())
        self._send: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self.channel.unary_unary(METHOD)
        self._reflect: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = self.channel.stream_stream(_REFLECT)

    async def predict(
        self, texts: list[str], level: LabelLevel, timeout: float = SECONDS, *, merged: bool = False
    ) -> PredictTopicResponse:
        """Asks for topics, alone or together with other callers."""
        client = self.merging if merged else self.plain
        return await client.predict_topic(texts, label_level=level, timeout=timeout)

    async def send(self, message: bytes, token: str | None) -> bytes:
        """Sends a message as it is."""
        answer: bytes = await self._send(message, timeout=SECONDS, metadata=bearer(token) if token else ())
        return answer

    async def services(self) -> bytes:
        """What reflection tells of the services here."""
        call = self._reflect(iter([_SERVICES]), timeout=SECONDS)
        answer = cast(bytes, await call.read())
        assert await call.read() is grpc.aio.EOF
        return answer

    async def close(self) -> None:
        """Closes it."""
        await self.channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
