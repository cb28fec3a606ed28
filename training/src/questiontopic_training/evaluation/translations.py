"""How often a translation gets the topic of its English text, by language and collection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..data.examples import Ints
from ..data.translations import Translation


def agreement(answer: Callable[[Sequence[str]], Ints], translations: Sequence[Translation]) -> dict[str, Any]:
    """For each collection and language: the number of `questions` and the share `agreement` of equal top topics.

    `answer` gives the number of the top topic of each text.
    """
    if not translations:
        return {}
    english = sorted({one.english for one in translations})
    topics = dict(zip(english, answer(english).tolist(), strict=True))
    found = answer([one.text for one in translations]).tolist()
    equal: dict[str, dict[str, list[bool]]] = {}
    for one, topic in zip(translations, found, strict=True):
        equal.setdefault(one.source, {}).setdefault(one.language, []).append(topic == topics[one.english])
    return {
        source: {
            language: {"questions": len(of), "agreement": round(float(np.mean(of)), 6)} for language, of in rows.items()
        }
        for source, rows in equal.items()
    }
