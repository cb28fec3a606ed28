"""What a recipe learns from besides labelled questions: translations, and texts that belong to none of the labels."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from .translations import Translation

_PARTS = 5  # One of them, by the digest of the text, is held out.


@dataclass(frozen=True)
class Extras:
    """`translations` of unlabelled questions; `others`: texts that belong to none of the labels."""

    translations: tuple[Translation, ...] = ()
    others: tuple[str, ...] = ()

    def split(self) -> tuple[Extras, Extras]:
        """What to learn from, and what is held out; all translations of a question are in the same part."""
        held = tuple(_held_out(one.english) for one in self.translations), tuple(map(_held_out, self.others))
        parts = [
            Extras(
                tuple(one for one, out in zip(self.translations, held[0], strict=True) if out == part),
                tuple(one for one, out in zip(self.others, held[1], strict=True) if out == part),
            )
            for part in (False, True)
        ]
        return parts[0], parts[1]

    def into(self, languages: Sequence[str]) -> Extras:
        """With the translations into these languages only; those into other languages belong to none of the labels."""
        known = tuple(one for one in self.translations if one.language in languages)
        unknown = tuple(one.text for one in self.translations if one.language not in languages)
        return Extras(known, self.others + unknown)


def _held_out(text: str) -> bool:
    # BLAKE2 has a field for such words, which make a digest of its own for this purpose.
    digest = hashlib.blake2b(text.encode(), digest_size=8, person=b"held out").digest()
    return int.from_bytes(digest) % _PARTS == 0
