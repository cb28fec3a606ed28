"""What a job did, in a few lines."""

from collections.abc import Iterator
from dataclasses import dataclass, field

_SHOWN_NUMBERS = 5
_SHOWN_REASONS = 10


@dataclass
class _Reason:
    rows: int = 0
    first: list[int] = field(default_factory=list)


class Summary:
    """Counts rows, and their errors by reason."""

    def __init__(self) -> None:
        self.rows = 0
        self.kept = 0
        self.errors = 0
        self._reasons: dict[str, _Reason] = {}

    def add(self, number: int, error: str, *, kept: bool = False) -> None:
        """Counts a row with its error, which is empty if it has topics. kept: it was in the output before."""
        self.rows += 1
        self.kept += kept
        if not error:
            return
        self.errors += 1
        # Reasons can differ in a figure for each row, and memory is bounded.
        known = error in self._reasons or len(self._reasons) < _SHOWN_REASONS
        reason = self._reasons.setdefault(error if known else "other reasons", _Reason())
        reason.rows += 1
        if len(reason.first) < _SHOWN_NUMBERS:
            reason.first.append(number)

    def lines(self, seconds: float) -> Iterator[str]:
        """The whole, then a line for each reason. seconds: how long the job took."""
        asked = self.rows - self.kept
        before = f", {self.kept:,} of them labelled before" if self.kept else ""
        rate = f", {asked / seconds:,.0f} rows/s" if seconds > 0 else ""
        labelled = self.rows - self.errors
        counts = f"{labelled:,} labelled, {self.errors:,} with an error"
        yield f"{self.rows:,} row{'s' * (self.rows != 1)}{before}: {counts}; {seconds:,.1f} s{rate}"
        for error, reason in self._reasons.items():
            more = ", …" if reason.rows > len(reason.first) else ""
            numbers = ", ".join(map(str, reason.first))
            yield f"{reason.rows:,} × {error}: row{'s' * (reason.rows > 1)} {numbers}{more}"
