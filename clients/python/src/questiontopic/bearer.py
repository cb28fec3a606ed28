"""The token that says who calls, as metadata of a call."""

import re
from collections.abc import Callable

Token = str | Callable[[], str]
"""A token, or a function that gives the newest one. It is called for each call, and must not take long."""


class Bearer:
    """What each call of a client sends. No error and no repr holds the token."""

    def __init__(self, token: Token | None) -> None:
        """Raises TypeError or ValueError for a wrong token, without repeating it."""
        self._token = token
        if isinstance(token, str):
            check_token(token)
        elif token is not None and not callable(token):
            raise TypeError("token: must be a str, or a function that returns one")

    def metadata(self) -> tuple[tuple[str, str], ...]:
        """The metadata of the next call. It is empty without a token. Raises what the token's function raises."""
        if self._token is None:
            return ()
        token = self._token if isinstance(self._token, str) else self._token()
        check_token(token)
        return (("authorization", f"Bearer {token}"),)


def check_token(token: str) -> None:
    """Raises TypeError or ValueError for a token that cannot be sent. gRPC's own error would repeat the token."""
    if not isinstance(token, str):
        raise TypeError(f"token: must be a str, not {type(token).__name__}")
    if not re.fullmatch("[!-~]+", token):
        raise ValueError("token: must be printable ASCII without blanks; a file's last line may need strip()")
