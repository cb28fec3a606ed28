"""The model's process: `python -m questiontopic_server.worker OPTIONS SOCKET…`, started by the front (`server/front`).

It loads the bundle, checks its golden texts and then answers batches from the sockets, one at a time from each, until
the front closes them. The threads that do so compute side by side: the runtimes let go of the interpreter's lock.
"""

from __future__ import annotations

import contextlib
import json
import logging
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from questiontopic_model.bundle import BundleError, read_bundle

from .frames import FAILED, HEAD, LOADED, REFUSED, ROWS, frame

if TYPE_CHECKING:
    from questiontopic_model.topic_model import TopicModel

_LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"  # The front's too: see logging.go.
_log = logging.getLogger(__name__)


def main() -> NoReturn:
    """Exits with 0 when the front has closed the sockets, 1 if the bundle cannot be served."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # The front decides when this ends, after its last answer.
    options, connections = json.loads(sys.argv[1]), [socket.socket(fileno=int(number)) for number in sys.argv[2:]]
    logging.basicConfig(level=options["log_level"].upper(), stream=sys.stderr, format=_LOG_FORMAT)
    try:
        model = _load(Path(options["bundle"]), options["runtime"], Path(options["cache"]), options["threads"])
    except BundleError as error:
        _tell(connections[0], frame(REFUSED, str(error).encode(errors="backslashreplace")))
        sys.exit(1)
    loaded = {"manifest": model.manifest.to_json(), "runtime": model.runtime, "max_pieces": model.max_pieces}
    _tell(connections[0], frame(LOADED, json.dumps(loaded).encode()))
    threads = [threading.Thread(target=_serve, args=(model, connection)) for connection in connections[1:]]
    for thread in threads:
        thread.start()
    _serve(model, connections[0])
    for thread in threads:
        thread.join()
    sys.exit(0)


def _load(folder: Path, runtime: str, cache: Path, threads: int) -> TopicModel:
    from questiontopic_model.loading import load_topic_model  # Slow to import: signals are ignored before.

    model = load_topic_model(read_bundle(folder), runtime, cache, threads)
    model.check_golden()
    return model


def _tell(connection: socket.socket, content: bytes) -> None:
    """Sends it, if the front is still there."""
    with contextlib.suppress(ConnectionError):
        connection.sendall(content)


def _serve(model: TopicModel, connection: socket.socket) -> None:
    with contextlib.suppress(ConnectionError), connection, connection.makefile("rb") as batches:
        while head := batches.read(HEAD.size):
            connection.sendall(_answer(model, json.loads(batches.read(HEAD.unpack(head)[1]))))


def _answer(model: TopicModel, texts: list[str]) -> bytes:
    """The frame for one batch."""
    _log.debug("computing %d texts", len(texts))
    try:
        return frame(ROWS, model.predict(texts).packed())
    except Exception:  # noqa: BLE001 - one batch's poison must not end the process
        _log.exception("a batch of %d texts failed", len(texts))
        return frame(FAILED)


if __name__ == "__main__":
    main()
