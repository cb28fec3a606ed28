"""A caller who does not read what the server sends."""

from __future__ import annotations

import asyncio
import socket
from contextlib import closing, suppress


class SlowReader:
    """A proxy in front of a server: it passes on what callers send, but of answers only so many bytes until told."""

    def __init__(self, target: str, most: int) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._most = most
        self.stopped, self.told = asyncio.Event(), asyncio.Event()

    async def serve(self) -> asyncio.Server:
        """Listens on a free port."""
        return await asyncio.start_server(self._connected, "127.0.0.1", 0)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError), closing(writer):  # One side may leave.
            upstream = socket.socket()
            upstream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # Or the kernel would keep the whole answer.
            upstream.connect(self._target)
            answers, questions = await asyncio.open_connection(sock=upstream, limit=1024)
            with closing(questions):
                await asyncio.gather(self._pass(reader, questions, None), self._pass(answers, writer, self._most))

    async def _pass(self, source: asyncio.StreamReader, to: asyncio.StreamWriter, most: int | None) -> None:
        passed = 0
        while part := await source.read(1024):
            passed += len(part)
            if most is not None and passed > most and not self.told.is_set():
                self.stopped.set()
                await self.told.wait()
            to.write(part)
            await to.drain()
        to.close()
