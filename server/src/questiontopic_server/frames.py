"""Frames on the socket between the server and its model's process: a kind, a length, and so many bytes.

The server sends `TEXTS` as JSON; the process answers `LOADED` once at its start, as JSON, then for each batch `ROWS`,
see `answers`, or `FAILED` with nothing in it: the traceback is in the process's own log.
"""

from __future__ import annotations

import struct

HEAD = struct.Struct("!cI")
TEXTS, LOADED, REFUSED, ROWS, FAILED = b"T", b"L", b"X", b"R", b"F"


def frame(kind: bytes, content: bytes = b"") -> bytes:
    """The bytes to send."""
    return HEAD.pack(kind, len(content)) + content
