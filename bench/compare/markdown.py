"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns a table."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rows])


def write_between_marks(file: Path, mark: str, text: str) -> None:
    """Replaces what a document has between the comments <!-- MARK --> and <!-- /MARK -->; raises ValueError."""
    begin, end = f"<!-- {mark} -->\n", f"\n<!-- /{mark} -->"
    before, found_begin, rest = file.read_text("utf-8").partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end:
        raise ValueError(f"{file} has no {begin.strip()} with {end.strip()} after it")
    file.write_text(f"{before}{begin}{text}{end}{after}", "utf-8")
