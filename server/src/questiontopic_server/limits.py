"""What a request may hold. The numbers are the contract's (topic.proto, message Limits): change both or neither."""

from __future__ import annotations

from collections.abc import Sequence

from .errors import FieldError

MAX_TEXTS = 512
MAX_CHARACTERS = 2_000
MAX_TEXT_BYTES = 4 * MAX_CHARACTERS  # UTF-8 has at most four bytes for a character.
MAX_MESSAGE_BYTES = 16 * 1024 * 1024


def check_text_bytes(index: int, size: int) -> None:
    """Accepts a text by its place and its size in bytes alone, or raises FieldError; `check_texts` looks closer."""
    if index >= MAX_TEXTS:
        raise FieldError("texts", f"must hold at most {MAX_TEXTS} texts: split the call")
    if size > MAX_TEXT_BYTES:
        raise FieldError(
            f"texts[{index}]", f"must have at most {MAX_CHARACTERS} characters, has {size} bytes: shorten it"
        )


def check_texts(texts: Sequence[str]) -> None:
    """Accepts texts that passed `check_text_bytes`, or raises FieldError for the first that breaks a limit."""
    if not texts:
        raise FieldError("texts", "must hold at least one text")
    for index, text in enumerate(texts):
        if len(text) > MAX_CHARACTERS:
            found = f"must have at most {MAX_CHARACTERS} characters, has {len(text)}: shorten it"
            raise FieldError(f"texts[{index}]", found)
        if not text or text.isspace():
            raise FieldError(f"texts[{index}]", "must have a character that is not white space")
