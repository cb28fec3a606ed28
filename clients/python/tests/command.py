"""Runs the command as its users do: as a separate process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import IO, NamedTuple

_RUN = [sys.executable, "-m", "questiontopic"]


class Outcome(NamedTuple):
    """The exit code and the output of a run."""

    code: int
    output: str
    error: str


def run(*arguments: str | bytes, lines: str | bytes = b"", environment: Mapping[str, str] | None = None) -> Outcome:
    """Runs the command with lines as its standard input."""
    given = lines.encode() if isinstance(lines, str) else lines
    done = subprocess.run([*_RUN, *arguments], input=given, capture_output=True, env=_environment(environment))
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


def start(*arguments: str, output: int | IO[bytes] = subprocess.PIPE) -> subprocess.Popen[bytes]:
    """Starts the command with a pipe for each of its three standard streams, or another output."""
    pipe = subprocess.PIPE
    return subprocess.Popen([*_RUN, *arguments], stdin=pipe, stdout=output, stderr=pipe, env=_environment(None))


def _environment(changes: Mapping[str, str] | None) -> dict[str, str]:
    # PYTHONUNBUFFERED, which build machines set, would hide what happens to output that is still in Python's buffer.
    left_out = ("QUESTIONTOPIC_ADDRESS", "QUESTIONTOPIC_TOKEN", "PYTHONUNBUFFERED")
    inherited = {name: value for name, value in os.environ.items() if name not in left_out}
    return {**inherited, **(changes or {})}


def table(*rows: Sequence[str]) -> str:
    """The table that the command must print for these rows, which include the header."""
    form = "%-12s  %10s  %s\n" if len(rows[0]) == 3 else "%-12s  %10s  %-12s  %10s  %s\n"
    return "".join(form % tuple(row) for row in rows)
