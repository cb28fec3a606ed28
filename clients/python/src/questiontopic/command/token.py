"""The token of the command: in a file, which is read for each call, or in a variable."""

from contextlib import suppress
from pathlib import Path

from questiontopic.bearer import check_token

_BLANKS = " \t\r\n"


class TokenFile:
    """Gives the token that a file has now. It has no repr that shows the token."""

    def __init__(self, path: str) -> None:
        """Raises ValueError if the file has no token."""
        self._path = path
        self._token = self._read()

    def __call__(self) -> str:
        """The token in the file, or its last one while the file has none, as in the moment of a change."""
        with suppress(ValueError):
            self._token = self._read()
        return self._token

    def _read(self) -> str:
        try:
            content = Path(self._path).read_bytes()
        except OSError as error:
            raise ValueError(f"--token-file: cannot read {self._path}: {(error.strerror or '').lower()}") from None
        return _token(content.decode("latin-1"), f"--token-file: {self._path}")


def token_of(path: str, variable: str) -> TokenFile | str | None:
    """The token of a run: the file's, otherwise the variable's, otherwise none. Raises ValueError without the token."""
    if path:
        return TokenFile(path)
    return _token(variable, "QUESTIONTOPIC_TOKEN") if variable else None


def _token(text: str, source: str) -> str:
    token = text.strip(_BLANKS)
    try:
        check_token(token)
    except ValueError:
        raise ValueError(f"{source}: must be one token: printable ASCII without blanks") from None
    return token
