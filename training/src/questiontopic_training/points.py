"""A difference of shares as a person reads it: in percentage points, with its sign."""


def points(difference: float) -> str:
    """For example `−1.2` of -0.012."""
    rounded = round(100 * difference, 1)
    return f"{rounded:+.1f}".replace("-", "−") if rounded else "0.0"
