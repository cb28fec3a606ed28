"""What a confidence means, in a sentence: how many of the answers with about that confidence were right."""

from __future__ import annotations

ABOUT_80 = (0.7, 0.9)  # What is told of a confidence of 0.8 is told of these.
_FEW = 20  # Answers, below which a share would promise more than it knows.


def confidence_sentence(answers: int, right: int, low: float, high: float) -> str:
    """Of the answers with a confidence from `low` to below `high`; says so where there are few or none."""
    between = f"a confidence of {low:.2g} to {high:.2g}"
    if not answers:
        return f"No answer had {between}."
    if answers < _FEW:
        counted = f"Only {answers} answer{'s' * (answers > 1)} had {between}"
        return f"{counted}, too few for a share; {right} {'was' if right == 1 else 'were'} right."
    return f"Of {answers} answers with {between}, {right / answers:.0%} were right."
