"""Forms in which people type a question: TREC's end in " ?" and begin with a capital, typed ones often do not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def lowered(text: str) -> str:
    """In lower case."""
    return text.lower()


def bare(text: str) -> str:
    """Without the final question mark; a text of nothing else stays."""
    return text.removesuffix("?").rstrip() or text


def joined(text: str) -> str:
    """With the final question mark next to the word, as outside of TREC."""
    return f"{bare(text)}?" if text.endswith(" ?") else text


_FORMS = (lowered, bare, joined, lambda text: lowered(bare(text)), lambda text: lowered(joined(text)))


def vary(texts: Sequence[str], share: float, random: np.random.Generator) -> list[str]:
    """The texts, each with the probability `share` in one of the forms, all forms equally often."""
    varied = random.random(len(texts)) < share
    forms = random.integers(len(_FORMS), size=len(texts))
    return [_FORMS[form](text) if change else text for text, change, form in zip(texts, varied, forms, strict=True)]
