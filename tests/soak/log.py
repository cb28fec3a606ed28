"""The server's log, as it comes."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import IO

from .tally import Tally

# gRPC itself writes a traceback if it cannot send a status because the call is over for its caller.
_LEFT = "ExecuteBatchError raised in core by servicer method"


class Log:
    """Writes the log to a file. A traceback in it is a fault."""

    def __init__(self, file: Path, tally: Tally) -> None:
        self._file, self._tally = file, tally
        self._expected: list[tuple[re.Pattern[str], asyncio.Future[None]]] = []

    async def follow(self, pipe: IO[bytes]) -> None:
        """Returns when the server has ended."""
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        with self._file.open("w", encoding="utf-8") as file:
            before = ""
            while line := (await reader.readline()).decode():
                file.write(line)
                if line.startswith("Traceback"):
                    self._traceback(before)
                before = line
                for sign, shown in self._expected:
                    if sign.search(line) and not shown.done():
                        shown.set_result(None)
                self._expected = [each for each in self._expected if not each[1].done()]
        transport.close()

    def _traceback(self, before: str) -> None:
        if _LEFT in before:
            self._tally.calls["log", "a traceback of gRPC for a caller who had left"] += 1
        else:
            self._tally.fault("log", f"a traceback: see {self._file}")

    def expect(self, sign: re.Pattern[str]) -> asyncio.Future[None]:
        """Done when a line after this moment shows the sign."""
        shown: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._expected.append((sign, shown))
        return shown
