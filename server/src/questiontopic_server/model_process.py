"""The server's end of the model's process: starts it, hands it batches, and tells when it has ended."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .answers import Answer, unpack
from .batcher import FunctionEnded
from .frames import HEAD, LOADED, REFUSED, ROWS, TEXTS, frame
from .model import BundleError, Manifest

_LOAD_SECONDS = 600.0
_BATCH_SECONDS = 120.0  # Of a batch that takes tenths of a second: past it the process hangs.


@dataclass(frozen=True)
class ModelOptions:
    """What the process loads: see the settings of the same names."""

    bundle: Path
    runtime: str
    cache: Path
    threads: int
    log_level: str

    def to_json(self) -> str:
        """As the process reads them."""
        return json.dumps({**vars(self), "bundle": str(self.bundle), "cache": str(self.cache)})


@dataclass(frozen=True)
class LoadedModel:
    """What the service tells of the model; `max_pieces` is 0 if there is no such limit."""

    manifest: Manifest
    runtime: str
    max_pieces: int


class ModelProcess:
    """A process that holds the model. One batch at a time; `load` comes first."""

    def __init__(
        self, process: asyncio.subprocess.Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._process, self._reader, self._writer = process, reader, writer
        self._levels = (0, 0)

    async def load(self) -> LoadedModel:
        """Waits until the model is ready; raises BundleError if it cannot be served."""
        kind, content = await self._receive(_LOAD_SECONDS)
        if kind == REFUSED:
            raise BundleError(content.decode())
        if kind != LOADED:
            raise BundleError("the model's process ended, or took too long, while it loaded; see its messages above")
        values: dict[str, Any] = json.loads(content)
        loaded = LoadedModel(Manifest.from_json(values["manifest"]), values["runtime"], values["max_pieces"])
        self._levels = (len(loaded.manifest.coarse_labels), len(loaded.manifest.fine_labels))
        return loaded

    async def predict(self, texts: Sequence[str]) -> list[Answer]:
        """The answers of one batch, in order.

        Raises RuntimeError if the model failed, whose log has the traceback, and FunctionEnded if the process has ended
        or hangs.
        """
        self._writer.write(frame(TEXTS, json.dumps(texts).encode()))
        kind, content = await self._receive(_BATCH_SECONDS)
        if not kind:
            self.kill()
            raise FunctionEnded("the model's process has ended")
        if kind != ROWS:
            raise RuntimeError("the model failed")
        return unpack(content, *self._levels)

    async def ended(self) -> int:
        """Waits for the process; its exit code."""
        return await self._process.wait()

    def kill(self) -> None:
        """Ends it at once, whatever it does."""
        if self._process.returncode is None:
            self._process.kill()

    async def _receive(self, seconds: float) -> tuple[bytes, bytes]:
        """The next frame; an empty kind if there is none after so many seconds, or the process has ended."""
        try:
            async with asyncio.timeout(seconds):
                kind, length = HEAD.unpack(await self._reader.readexactly(HEAD.size))
                return kind, await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            return b"", b""


async def start_model_process(options: ModelOptions) -> ModelProcess:
    """Starts the process, which loads at once."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *_safe_path(), "-m", f"{__package__}.worker", str(theirs.fileno()), options.to_json()),
            pass_fds=[theirs.fileno()],
            stdin=asyncio.subprocess.DEVNULL,
        )
    return ModelProcess(process, *await asyncio.open_connection(sock=ours))


def _safe_path() -> list[str]:
    """The flag that keeps modules of the current directory out, unless this process takes its own from there."""
    return [] if {"", str(Path.cwd())} & {*sys.path} else ["-P"]
