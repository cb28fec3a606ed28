"""Strangers: those who open a connection and then say little, read nothing, or have no certificate to show."""

from __future__ import annotations

import asyncio
from random import Random

import trustme
from slow_reader import SlowReader

from .access import Access
from .callers import Callers
from .connection import Connection
from .tally import Tally

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
_HEADERS_WITHOUT_END = b"\x00\x00\x01\x01\x00\x00\x00\x00\x01\x83"  # RFC 9113, section 6.2: no flag END_HEADERS.
_HANDSHAKE = 16_384  # Bytes that a slow reader still reads: more than the handshake, less than a full answer.


class Strangers:
    """Each visit is one connection."""

    def __init__(self, address: str, access: Access, callers: Callers, tally: Tally) -> None:
        self._address, self._access, self._callers, self._tally = address, access, callers, tally

    async def visit(self, random: Random) -> None:
        """One visit of any kind. It takes some seconds at most."""
        kinds = [self._silent, self._slow_reader, self._foreign]
        await random.choice(kinds)(random)

    async def _silent(self, random: Random) -> None:
        """Says a part of what is due, in plaintext or TLS, and waits for the server to close, or leaves."""
        said = random.choice([b"", _PREFACE[:12], _PREFACE, _PREFACE + _SETTINGS + _HEADERS_WITHOUT_END])
        context = self._access.context() if random.random() < 0.5 else None
        host, _, port = self._address.rpartition(":")
        try:
            reader, writer = await asyncio.open_connection(host, int(port), ssl=context, limit=1_000_000)
        except OSError as error:
            self._tally.fault("silent", f"cannot connect: {error}")
            return
        writer.write(said)
        ended = asyncio.ensure_future(reader.read())
        closed, _ = await asyncio.wait([ended], timeout=random.uniform(0, 5))
        self._tally.calls["silent", "the server closed" if closed else "the caller left"] += 1
        writer.transport.abort()
        await asyncio.wait([ended])
        ended.exception()  # A reset is no fault.

    async def _slow_reader(self, random: Random) -> None:
        """Asks for a large answer, reads only its begin, and reads on after a while."""
        proxy = SlowReader(self._address, _HANDSHAKE)
        async with await proxy.serve() as listening:
            port = listening.sockets[0].getsockname()[1]
            async with Connection(f"127.0.0.1:{port}", self._access) as connection:
                call = asyncio.create_task(self._callers.ask("slow reader", connection, random, 512))
                stopped = asyncio.create_task(proxy.stopped.wait())
                await asyncio.wait([call, stopped], return_when=asyncio.FIRST_COMPLETED)
                await asyncio.wait([call], timeout=random.uniform(0, 3))
                proxy.told.set()
                await call
                stopped.cancel()

    async def _foreign(self, _: Random) -> None:
        """Shows a certificate of an authority that the server does not know."""
        async with Connection(self._address, self._access, self._access.credentials(trustme.CA())) as connection:
            await self._tally.settle("foreign certificate", connection.send(b"", None), {"UNAVAILABLE"})
