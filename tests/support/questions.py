"""Questions for tests: the shared data beside the project where it is there, otherwise patterns of our own."""

from __future__ import annotations

import os
from itertools import islice, product
from pathlib import Path

SHARED = Path(os.environ.get("QUESTIONTOPIC_SHARED", Path(__file__).resolve().parents[3] / "shared"))
TREC = SHARED / "data" / "trec"
UNLABELLED = SHARED / "data" / "questions"

_OPENINGS = (
    "Who",
    "What person",
    "When",
    "Where",
    "In what year",
    "In which city",
    "Why",
    "How",
    "How often",
    "Which way",
)
_VERBS = ("discovered", "painted", "first visited", "sold", "built", "named", "lost", "measured", "described", "closed")
_THINGS = (
    "the old bridge",
    "a silver coin",
    "the north pole",
    "this song",
    "the first engine",
    "a red kite",
    "the lake",
)
_ENDINGS = (
    "?",
    " ?",
    "",
    " last summer?",
    " in 1912?",
    " for the king?",
    " with two friends?",
    " by mistake?",
    "!",
    "…",
)


def unlabelled_questions(number: int) -> list[str]:
    """That many different questions, always the same ones."""
    if UNLABELLED.is_dir():
        lines = (line for file in sorted(UNLABELLED.glob("*.txt")) for line in file.read_text("utf-8").splitlines())
        return list(islice(lines, number))
    parts = product(_ENDINGS, _THINGS, _VERBS, _OPENINGS, range(1, 10))
    return [f"{opening} {verb} {thing} number {n}{end}" for end, thing, verb, opening, n in islice(parts, number)]


def trec_test() -> list[tuple[str, str]]:
    """TREC's 500 test questions as (fine label, text); empty if the shared data is not there."""
    file = TREC / "TREC_10.label"
    if not file.is_file():
        return []
    rows = (line.split(" ", 1) for line in file.read_text("ascii").splitlines())
    return [(label, text) for label, text in rows]
