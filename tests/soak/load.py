"""The load: callers over connections that open and close, strangers beside them, and floods."""

from __future__ import annotations

import asyncio
from random import Random

from .access import Access
from .callers import Callers
from .connection import Connection
from .strangers import Strangers
from .tally import BUSY, EXPIRED

_CONNECTIONS, _MOST_CALLERS, _MOST_SECONDS = 5, 8, 20.0  # At a time; of each of them.
_STRANGERS = 4
_FLOOD_CALLS, _FLOOD_CONNECTIONS, _FLOOD_SECONDS = 1_500, 8, 2.0


class Load:
    """Everything that calls. All random choices follow from the seed."""

    def __init__(self, address: str, access: Access, callers: Callers, strangers: Strangers, seed: int) -> None:
        self._address, self._access, self._callers, self._strangers = address, access, callers, strangers
        self._seed = seed

    async def work(self, over: asyncio.Event) -> None:
        """Calls without a pause until it is over."""
        async with asyncio.TaskGroup() as tasks:
            for number in range(_CONNECTIONS):
                tasks.create_task(self._connect(over, Random(f"{self._seed} connection {number}")))
            for number in range(_STRANGERS):
                tasks.create_task(self._visit(over, Random(f"{self._seed} stranger {number}")))

    async def flood(self, random: Random) -> None:
        """Single questions that start at random times within two seconds, over connections of their own."""
        connections = [Connection(self._address, self._access) for _ in range(_FLOOD_CONNECTIONS)]
        await asyncio.gather(*(self._flooding(random.choice(connections), random) for _ in range(_FLOOD_CALLS)))
        for connection in connections:
            await connection.close()

    async def _flooding(self, connection: Connection, random: Random) -> None:
        await asyncio.sleep(random.uniform(0, _FLOOD_SECONDS))
        # The server may refuse one call too many of a connection.
        await self._callers.ask("flood", connection, random, 1, BUSY | EXPIRED | {"UNAVAILABLE"}, timeout=2.0)

    async def _connect(self, over: asyncio.Event, random: Random) -> None:
        """One connection after the other, each with some callers."""
        loop = asyncio.get_running_loop()
        while not over.is_set():
            end = loop.time() + random.uniform(0, _MOST_SECONDS)
            async with Connection(self._address, self._access) as connection, asyncio.TaskGroup() as tasks:
                for _ in range(random.randint(1, _MOST_CALLERS)):
                    tasks.create_task(self._call(connection, end, over, Random(random.random())))

    async def _call(self, connection: Connection, end: float, over: asyncio.Event, random: Random) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < end and not over.is_set():
            await self._callers.call(connection, random)

    async def _visit(self, over: asyncio.Event, random: Random) -> None:
        while not over.is_set():
            await self._strangers.visit(random)
