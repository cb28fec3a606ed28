"""Callers of the service: what they send, and which statuses the contract promises them."""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import Awaitable, Coroutine, Set
from random import Random
from typing import Any, TypeVar

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from token_server import WHO

from questiontopic import PredictTopicResponse, TopicError
from questiontopic.v1.topic_pb2 import (
    LABEL_LEVEL_BOTH,
    LABEL_LEVEL_COARSE,
    LABEL_LEVEL_FINE,
    LABEL_LEVEL_UNSPECIFIED,
    PredictTopicRequest,
)

from .answers import Answers
from .connection import Connection
from .tally import BUSY, EXPIRED, OK, Tally

# Messages that the server must refuse.
_INVALID = (
    *(b"", b"\x0a\x7fcut off", b"\x0a\x03a\xff\xfe", b"\x1a\x02\xc3\x28", b"\x0a\x00" * 100_000),
    PredictTopicRequest(texts=["Who?", " \t\n"]).SerializeToString(),
    PredictTopicRequest(texts=["a" * 2001]).SerializeToString(),
    PredictTopicRequest(texts=["Who?"] * 513).SerializeToString(),
    PredictTopicRequest(texts=["Who?"], label_level=7).SerializeToString(),  # type: ignore[arg-type]
)
_NOT_FOUND = PredictTopicRequest(texts=["Who?"], model="another").SerializeToString()
_TOO_LARGE = b"\x0a\x00" * 9_000_000
_LEVELS = (LABEL_LEVEL_UNSPECIFIED, LABEL_LEVEL_COARSE, LABEL_LEVEL_FINE, LABEL_LEVEL_BOTH)
T = TypeVar("T")


class Callers:
    """Makes calls of every kind over a connection, at random."""

    def __init__(self, answers: Answers, tally: Tally) -> None:
        self._answers, self._tally = answers, tally
        self._kinds = {
            self._predict: 60,
            self._cancelled: 10,
            self._short: 10,
            self._describe: 4,
            self._bad_input: 6,
            self._bad_token: 6,
            self._health: 4,
            self._reflection: 2,
        }

    async def call(self, connection: Connection, random: Random) -> None:
        """One call of any kind."""
        (kind,) = random.choices(list(self._kinds), list(self._kinds.values()))
        await kind(connection, random)

    async def ask(
        self, kind: str, connection: Connection, random: Random, number: int, promised: Set[str] = BUSY, **options: Any
    ) -> None:
        """Asks for the topics of so many texts, and checks the answer."""
        texts, level = random.choices(self._answers.texts, k=number), random.choice(_LEVELS)
        patience = options.pop("patience", None)
        call = connection.predict(texts, level, **options)
        answer: PredictTopicResponse | None
        answer = await self._tally.settle(kind, call if patience is None else _left(call, patience), OK | promised)
        if answer and (wrong := self._answers.wrong(texts, level, answer)):
            self._tally.fault(kind, wrong)

    async def _predict(self, connection: Connection, random: Random) -> None:
        kind, most, merged = random.choice([("single", 1, False), *[("merged", 16, True)] * 6, ("batch", 512, False)])
        await self.ask(kind, connection, random, _up_to(most, random), merged=merged)

    async def _short(self, connection: Connection, random: Random) -> None:
        options = {"timeout": _up_to(2_000, random) / 1_000, "merged": random.random() < 0.5}
        await self.ask("short deadline", connection, random, _up_to(32, random), BUSY | EXPIRED, **options)

    async def _cancelled(self, connection: Connection, random: Random) -> None:
        options = {"patience": _up_to(200, random) / 1_000, "merged": random.random() < 0.5}
        await self.ask("cancelled", connection, random, _up_to(64, random), BUSY | {"CANCELLED"}, **options)

    async def _describe(self, connection: Connection, _: Random) -> None:
        answer = await self._tally.settle("describe", connection.plain.describe_model(), OK | BUSY)
        if answer and not self._answers.knows(answer.model.digest, answer.coarse_labels):
            self._tally.fault("describe", f"the labels {answer.coarse_labels} are not those of {answer.model}")

    async def _bad_input(self, connection: Connection, random: Random) -> None:
        kinds = [("invalid", random.choice(_INVALID), "INVALID_ARGUMENT")] * 100
        kinds += [("another model", _NOT_FOUND, "NOT_FOUND MODEL_NOT_FOUND")] * 20
        kinds += [("too large", _TOO_LARGE, "RESOURCE_EXHAUSTED")]
        kind, message, status = random.choice(kinds)
        await self._refused(kind, connection.send(message, connection.access.token()), status)

    async def _bad_token(self, connection: Connection, random: Random) -> None:
        tokens = {"no token": None, "wrong token": secrets.token_hex(8), "revoked token": connection.access.revoked}
        kind, token = random.choice(list(tokens.items()))
        status = f"UNAUTHENTICATED {'TOKEN_UNKNOWN' if token else 'TOKEN_MISSING'}"
        await self._refused(kind, connection.send(WHO, token), status)

    async def _refused(self, kind: str, call: Awaitable[bytes], status: str) -> None:
        await self._tally.settle(kind, call, {status, "DEADLINE_EXCEEDED"})

    async def _health(self, connection: Connection, random: Random) -> None:
        """Watches the health for a while: it is SERVING, and nothing else comes."""
        watch = HealthStub(connection.channel).Watch(HealthCheckRequest())
        answer = await self._tally.settle("health watch", watch.read(), OK)
        more = asyncio.gather(watch.read(), return_exceptions=True)
        seen, _ = await asyncio.wait([more], timeout=random.uniform(0, 3))
        watch.cancel()
        await asyncio.wait([more])
        if seen or getattr(answer, "status", None) != HealthCheckResponse.SERVING:
            self._tally.fault("health watch", f"not SERVING all the time: {answer}")

    async def _reflection(self, connection: Connection, _: Random) -> None:
        answer = await self._tally.settle("reflection", connection.services(), OK)
        if answer and b"questiontopic.v1.TopicService" not in answer:
            self._tally.fault("reflection", "the service is not listed")


def _up_to(most: int, random: Random) -> int:
    """1 to `most`, and as often 1 to 2 as 256 to 512."""
    return round(math.pow(most, random.random()))


async def _left(call: Coroutine[Any, Any, T], seconds: float) -> T:
    """The answer to a call that its caller cancels after so many seconds."""
    task = asyncio.create_task(call)
    await asyncio.wait([task], timeout=seconds)
    task.cancel()
    try:
        return await task
    except asyncio.CancelledError:
        raise TopicError(grpc.StatusCode.CANCELLED, "the caller left") from None
