"""How a file of labelled questions names its columns, and the options that say so."""

from __future__ import annotations

import argparse
from collections.abc import Set
from dataclasses import dataclass


@dataclass(frozen=True)
class Columns:
    """The column of the texts and that of the labels, and what separates the fields of a table.

    Without `label` the column is label, or there are the columns coarse and fine. Without `delimiter` the header shows
    whether it is a comma, a semicolon or a tab. For JSON lines the columns are the keys.
    """

    text: str = "text"
    label: str | None = None
    delimiter: str | None = None

    @property
    def levels(self) -> tuple[tuple[str, ...], ...]:
        """The columns that can hold the labels."""
        return ((self.label,),) if self.label else (("label",), ("coarse", "fine"))

    @property
    def known(self) -> Set[str]:
        """All names that a header can have for these columns."""
        return {self.text, *(name for level in self.levels for name in level)}

    @property
    def wanted(self) -> str:
        """What to do about a header that has others."""
        if self.label:
            now = f"which are {self.text!r} and {self.label!r} now"
            return f"give the names of two of them by --text-column and --label-column, {now}"
        return "name them text and label, or text, coarse and fine; or give --text-column and --label-column"


def add_column_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options to a parser."""
    add = parser.add_argument
    add("--text-column", default="text", metavar="NAME", help="column (or key) of the texts in your own files (text)")
    add(
        "--label-column",
        metavar="NAME",
        help="column (or key) of the labels in your own files; if not given: label, or coarse and fine",
    )
    add(
        "--delimiter",
        type=_delimiter,
        metavar="C",
        help="what separates the fields of your own .csv and .tsv files: one character, or tab; if not given: comma, "
        "semicolon or tab, whichever fits the header",
    )


def _delimiter(argument: str) -> str:
    if argument in ("tab", r"\t"):
        return "\t"
    if len(argument) != 1 or argument in '"\r\n':
        raise argparse.ArgumentTypeError("must be one character, but no quote and no line break; or tab")
    return argument
