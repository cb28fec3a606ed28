"""The forms in which people type a question: as in TREC's files, carefully, in a hurry, with greetings and reasons.

TREC's files put blanks around punctuation and quote like TeX: "What is `` dew point '' ?". Users type in lower case,
without a question mark, with typos, with a greeting before and an explanation after the question. The label of a
question is the same in all forms.

Two functions draw forms: `draw_forms` from all of them, for the recipes minilm and distilled, and `draw_simple_forms`,
which changes only the case and the question mark, for the recipe finetuned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from .sentences import LEADS, TAILS, TALK

_END = " ?.!"
_TO_TREC = (
    (re.compile(r'(^|[\s(\[])"'), r"\1`` "),
    (re.compile(r'"'), " ''"),
    (re.compile(r"([,;:])(?=\s|$)"), r" \1"),
    (re.compile(r"(\w)('s|'re|'ve|'ll|'d|'m)\b", re.IGNORECASE), r"\1 \2"),
    (re.compile(r"(\w)(n't)\b", re.IGNORECASE), r"\1 \2"),
    (re.compile(r"s'(?=\s)"), r"s '"),
    (re.compile(r"([()])"), r" \1 "),
    (re.compile(r"\s+"), " "),
)
_FROM_TREC = (
    (re.compile(r"`` ?"), '"'),
    (re.compile(r" ?''"), '"'),
    (re.compile(r" ([,;:?!.)])"), r"\1"),
    (re.compile(r"\( "), "("),
    (re.compile(r" ('s|'re|'ve|'ll|'d|'m|n't)\b", re.IGNORECASE), r"\1"),
    (re.compile(r"s ' "), "s' "),
    (re.compile(r"` ([^']*?) '"), r"'\1'"),
)
_WORD = re.compile(r"[A-Za-z]{2,}")
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEAR = {key: [row[at] for at in (i - 1, i + 1) if 0 <= at < len(row)] for row in _KEYS for i, key in enumerate(row)}


def trec(text: str) -> str:
    """As in TREC's files: first letter upper case, blanks around punctuation, " ?" at the end."""
    return _capital(_replaced(without_end_marks(text), _TO_TREC).strip() + " ?")


def plain(text: str) -> str:
    """As a careful person types it: first letter upper case, no blank before punctuation, "?" at the end."""
    return _capital(_replaced(without_end_marks(text) + " ?", _FROM_TREC))


def hasty(text: str) -> str:
    """As a person in a hurry types it: in lower case, without punctuation at the end."""
    return plain(without_end_marks(text)).removesuffix("?").lower()


def without_end_marks(text: str) -> str:
    """Without punctuation at the end; a text of nothing else stays unchanged."""
    return text.rstrip(_END) or text


def typo(text: str, random: np.random.Generator) -> str:
    """With one typo: two letters swapped, or one letter lost, doubled or replaced by its neighbour on the keyboard."""
    words = list(_WORD.finditer(text))
    if not words:
        return text
    at = int(random.integers(*words[random.integers(len(words))].span()))
    kind, letter, rest = random.integers(4), text[at], text[at + 1 :]
    if kind == 0 and rest[:1].isalpha():
        return f"{text[:at]}{rest[0]}{letter}{rest[1:]}"
    if kind == 1:
        return text[:at] + rest
    if kind == 2:
        return f"{text[:at]}{letter}{letter}{rest}"
    return text[:at] + str(random.choice(_NEAR[letter.lower()])) + rest


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _replaced(text: str, rules: Sequence[tuple[re.Pattern[str], str]]) -> str:
    for pattern, replacement in rules:
        text = pattern.sub(replacement, text)
    return text


def _without_apostrophes(text: str) -> str:
    return text.replace("'", "")


def _inner(text: str) -> str:
    """With a lower-case first letter, for use after other words; words in capitals stay unchanged."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _either(text: str, random: np.random.Generator) -> str:
    return plain(text) if random.random() < 0.6 else hasty(text)


def _followed(text: str, random: np.random.Generator) -> str:
    """Followed by one or two sentences of TAILS."""
    text = f"{text} {_pick(TAILS, random)}"
    return f"{text} {_pick(TAILS, random)}" if random.random() < 0.4 else text


def _explained(text: str, random: np.random.Generator) -> str:
    """Followed by one to three sentences of TALK."""
    count = random.choice(3, p=(0.3, 0.5, 0.2)) + 1
    return " ".join([text, *(_pick(TALK, random) for _ in range(count))])


def _pick(choices: Sequence[str], random: np.random.Generator) -> str:
    return choices[int(random.integers(len(choices)))]


Form = Callable[[str, np.random.Generator], str]

FORMS: dict[str, Form] = {
    "trec": lambda text, random: trec(text),
    "plain": lambda text, random: plain(text),
    "hasty": lambda text, random: hasty(text),
    "trec_hasty": lambda text, random: without_end_marks(trec(text)).lower(),
    "lower": lambda text, random: plain(text).lower(),
    "typo": lambda text, random: typo((trec if random.random() < 0.5 else plain)(text), random),
    "hasty_typos": lambda text, random: typo(
        typo(hasty(text), random) if random.random() < 0.4 else hasty(text), random
    ),
    "no_apostrophes": lambda text, random: _without_apostrophes(_either(text, random)),
    "lead": lambda text, random: f"{_pick(LEADS, random)} {_inner(_either(text, random))}",
    "tail": lambda text, random: _followed(_either(text, random), random),
    "talk": lambda text, random: _explained(_either(text, random), random),
}

# For MiniLM: half of the texts in lower case, a fifth with typos, a tenth with sentences after the question.
SHARES = {
    "trec": 0.205,
    "plain": 0.13,
    "hasty": 0.175,
    "trec_hasty": 0.08,
    "lower": 0.05,
    "typo": 0.08,
    "hasty_typos": 0.13,
    "no_apostrophes": 0.02,
    "lead": 0.03,
    "tail": 0.10,
}

# For the model that learns from MiniLM: sentences after a question disturb it more, so it gets more of them.
TALKATIVE = SHARES | {
    "trec": 0.19,
    "plain": 0.12,
    "hasty": 0.165,
    "typo": 0.07,
    "hasty_typos": 0.115,
    "tail": 0.05,
    "talk": 0.11,
}


def draw_forms(texts: Sequence[str], shares: Mapping[str, float], random: np.random.Generator) -> list[str]:
    """The texts, each in a random form of FORMS; `shares` are the probabilities of the forms and sum to 1."""
    chosen = random.choice(list(shares), size=len(texts), p=list(shares.values()))
    return [FORMS[form](text, random) for text, form in zip(texts, chosen.tolist(), strict=True)]


def _lower(text: str) -> str:
    return text.lower()


def _without_question_mark(text: str) -> str:
    return text.removesuffix("?").rstrip() or text


def _with_joined_mark(text: str) -> str:
    """With the question mark directly after the last word, if there was a blank between them."""
    return f"{_without_question_mark(text)}?" if text.endswith(" ?") else text


_SIMPLE_FORMS = (
    _lower,
    _without_question_mark,
    _with_joined_mark,
    lambda text: _lower(_without_question_mark(text)),
    lambda text: _lower(_with_joined_mark(text)),
)


def draw_simple_forms(texts: Sequence[str], share: float, random: np.random.Generator) -> list[str]:
    """The texts; with the probability `share` a text is changed in its case, its question mark or both."""
    changed = random.random(len(texts)) < share
    forms = random.integers(len(_SIMPLE_FORMS), size=len(texts))
    return [
        _SIMPLE_FORMS[form](text) if change else text for text, change, form in zip(texts, changed, forms, strict=True)
    ]
