"""Tokens: who may call. The file has the names of callers and the digests of their tokens."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from ..errors import TokenMissing, TokenUnknown
from .files import WatchedFiles

_LINE = re.compile(r"([!-~]{1,64})[ \t]+([0-9A-Fa-f]{64})")
_BEARER = re.compile(r"bearer +([!-~]+)", re.IGNORECASE)  # RFC 6750, section 2.1.

_log = logging.getLogger(__name__)


class TokensError(Exception):
    """A file of tokens cannot be used. The message is one line that names the line, and never says what it holds."""


class Tokens:
    """The callers and their tokens, read again when the file changes. Each call looks at the file's times."""

    def __init__(self, file: Path, changed: Callable[[bool], None]) -> None:
        """Raises TokensError. `changed` is told whether a file that changed can be used."""
        self._file, self._changed = file, changed
        self._watched = WatchedFiles(file)
        self._callers = _read(file)

    def caller(self, metadata: Iterable[tuple[str, str | bytes]]) -> str:
        """The name of the caller who sent this metadata. Raises TokenMissing or TokenUnknown.

        The dict compares digests and not tokens. A caller cannot choose the bytes of a digest, so the time that the
        look-up takes does not tell how much of a guessed token is right.
        """
        if self._watched.changed():
            self._read_again()
        sent = (_BEARER.fullmatch(str(value)) for name, value in metadata if name == "authorization")
        token = next(filter(None, sent), None)
        if token is None:
            raise TokenMissing
        name = self._callers.get(hashlib.sha256(token[1].encode()).digest())
        if name is None:
            raise TokenUnknown
        return name

    def _read_again(self) -> None:
        try:
            self._callers = _read(self._file)
        except TokensError as error:
            _log.error("the tokens that changed are not used: %s", error)
            self._changed(False)
        else:
            _log.info("the tokens that changed are used from now on")
            self._changed(True)


def _read(file: Path) -> dict[bytes, str]:
    """The names of the callers by the digests of their tokens. Raises TokensError."""
    try:
        # A wrong byte is refused below, unless it is in a comment. Editors of Windows begin a file with a mark.
        lines = file.read_text("utf-8-sig", "replace").split("\n")
    except OSError as error:
        raise TokensError(f"{file}: {error.strerror}") from None
    callers: dict[bytes, str] = {}
    for number, line in enumerate(map(str.strip, lines), 1):
        if not line or line.startswith("#"):
            continue
        # What a wrong line holds is not repeated, because it may be a token.
        if not (parts := _LINE.fullmatch(line)):
            wanted = "a name without blanks and the token's SHA-256 as 64 hexadecimal digits"
            raise TokensError(f"{file}: line {number}: must be {wanted}")
        name, digest = parts[1], bytes.fromhex(parts[2])
        if callers.setdefault(digest, name) != name:
            raise TokensError(f"{file}: line {number}: another name has this token too: give each caller its own")
    if not callers:
        raise TokensError(f"{file}: has no token, so that nobody could call: add a line NAME SHA256-HEX")
    return callers
