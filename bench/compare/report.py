"""Prints the tables of a comparison whose figures were written before, or writes the first of them into a document.

PYTHONPATH=bench python -m compare.report build/comparison.json --reference before
PYTHONPATH=bench python -m compare.report bench/results.json --write docs/performance.md
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from compare.cases import BATCHES, CASES, SINGLE, SINGLE_64
from compare.cpus import machine_line
from compare.markdown import table, write_between_marks
from compare.medians import FIGURES_OF_CASE, FIGURES_OF_SERVER, Medians

_SUMMARY = (
    ("64 in flight: questions/s", SINGLE_64, "questions/s"),
    ("per server CPU-s", SINGLE_64, "per server CPU-s"),
    ("p99, ms", SINGLE_64, "p99, ms"),
    ("32 × 4: questions/s", BATCHES, "questions/s"),
    ("per server CPU-s", BATCHES, "per server CPU-s"),
    ("one alone: p50, ms", SINGLE, "p50, ms"),
)


def main() -> None:
    """Reads the command line and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="the file that the comparison wrote")
    parser.add_argument("--reference", metavar="NAME", help="also print the ratios to this server")
    parser.add_argument(
        "--write", type=Path, metavar="FILE.md", help="write the first table into this document, and print nothing"
    )
    parser.add_argument(
        "--mark", default="results", help="where: between the comments <!-- MARK --> and <!-- /MARK --> (%(default)s)"
    )
    parser.add_argument("--only", metavar="NAME,…", help="print or write only these servers")
    options = parser.parse_args()
    results = json.loads(options.results.read_text("utf-8"))
    if options.only:
        results["servers"] = {name: results["servers"][name] for name in options.only.split(",")}
    if options.write:
        write_between_marks(options.write, options.mark, summary(results, options.reference))
    else:
        print(tables(results, options.reference))


def tables(results: dict[str, Any], reference: str | None = None) -> str:
    """Returns the summary, a table for each case, and one for the servers themselves."""
    found = Medians(results["rounds"])
    parts = [summary(results, reference)]
    for case in CASES:
        rows = [
            [
                name,
                *(found.cell(case.name, name, figure, reference) for figure in FIGURES_OF_CASE),
                found.errors(case.name, name),
            ]
            for name in found.names(case.name)
        ]
        if rows:
            parts.append(f"**{case.name}**: {case.title}\n\n{table(['server', *FIGURES_OF_CASE, 'errors'], rows)}")
    rows = [
        [name, label, *found.cells_of_server(name)]
        for name, label in results["servers"].items()
        if found.rounds_of(name)
    ]
    return "\n\n".join([*parts, table(["server", "hosted", *FIGURES_OF_SERVER], rows)])


def summary(results: dict[str, Any], reference: str | None = None) -> str:
    """Returns a table with a row for each server, and where it was measured."""
    found = Medians(results["rounds"])
    number = 1 + max((one["round"] for one in results["rounds"]), default=-1)
    text = f"{machine_line(results['machine'])}; medians of {number} rounds"
    text += "; server and load generator on CPUs of their own." if results["apart"] else "."
    if reference:
        text += f" In brackets: the median over the rounds of the ratio to `{reference}` in the same round."
    last = [case.name for case in CASES if found.names(case.name)][-1:]
    columns = [column for column in _SUMMARY if found.names(column[1])]
    columns += [("memory, MB", case, "memory, MB") for case in last]
    rows = [
        [name, *(found.cell(case, name, figure, reference) for _, case, figure in columns)]
        for name in results["servers"]
        if found.rounds_of(name)
    ]
    return f"{table(['server', *(title for title, _, _ in columns)], rows)}\n\n{text}"


if __name__ == "__main__":
    main()
