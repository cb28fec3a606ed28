"""How figures are put into words, for the model card and for the reports."""

from __future__ import annotations

ABOUT_80 = (0.7, 0.9)  # The range of confidences that stands for "about 0.8".
_MIN_ANSWERS = 20  # With fewer answers, a percentage would look more exact than it is.


def points(difference: float) -> str:
    """A difference of two shares in percentage points, with its sign: `−1.2` for -0.012."""
    rounded = round(100 * difference, 1)
    return f"{rounded:+.1f}".replace("-", "−") if rounded else "0.0"


def confidence_sentence(answers: int, right: int, low: float, high: float) -> str:
    """How many of the `answers` with a confidence from `low` to below `high` were right."""
    between = f"a confidence of {low:.2g} to {high:.2g}"
    if not answers:
        return f"No answer had {between}."
    if answers < _MIN_ANSWERS:
        counted = f"Only {answers} answer{'s' * (answers > 1)} had {between}"
        return f"{counted}, too few for a share; {right} {'was' if right == 1 else 'were'} right."
    return f"Of {answers} answers with {between}, {right / answers:.0%} were right."
