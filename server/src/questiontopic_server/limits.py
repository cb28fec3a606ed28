"""What a request may hold. The numbers are the contract's (topic.proto, message Limits): change both or neither."""

from __future__ import annotations

from collections.abc import Sequence

from .errors import FieldError

MAX_TEXTS = 512
MAX_CHARACTERS = 2_000
MAX_MESSAGE_BYTES = 16 * 1024 * 1024


def check_texts(texts: Sequence[str]) -> None:
    """Accepts the texts of one call, or raises FieldError for the first field that breaks a limit."""
    if not texts:
        raise FieldError("texts", "must hold at least one text")
    if len(texts) > MAX_TEXTS:
        raise FieldError("texts", f"must hold at most {MAX_TEXTS} texts, has {len(texts)}: split the call")
    for index, text in enumerate(texts):
        if len(text) > MAX_CHARACTERS:
            found = f"must have at most {MAX_CHARACTERS} characters, has {len(text)}: shorten it"
            raise FieldError(f"texts[{index}]", found)
        if not text or text.isspace():
            raise FieldError(f"texts[{index}]", "must have a character that is not white space")
