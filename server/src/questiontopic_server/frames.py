"""Frames on the sockets between the front and the model's process: a kind, a length, and so many bytes.

On the first one the process tells once that it has `LOADED`, as JSON, or `REFUSED` to. To each batch of texts, as JSON,
it answers `ROWS`, see `Probabilities.packed`, or `FAILED` with nothing in it: the traceback is in the process's log.
"""

from __future__ import annotations

import struct

HEAD = struct.Struct("!cI")
LOADED, REFUSED, ROWS, FAILED = b"L", b"X", b"R", b"F"


def frame(kind: bytes, content: bytes = b"") -> bytes:
    """The bytes to send."""
    return HEAD.pack(kind, len(content)) + content
