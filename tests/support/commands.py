"""Runs the commands of both clients side by side."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from server_process import ServerProcess


class Outcome(NamedTuple):
    """The exit code and the output of a run."""

    code: int
    output: str
    error: str


def same(
    server: ServerProcess,
    commands: Sequence[list[str]],
    *arguments: str,
    lines: bytes = b"",
    folder: Path | None = None,
    token: str = "",
) -> Outcome:
    """The outcome of a run, which must be the same for all commands."""
    flags = [] if "--address" in arguments else ["--address", server.address]
    environment = {**os.environ, "QUESTIONTOPIC_TOKEN": token}
    done = [
        subprocess.run([*command, *flags, *arguments], input=lines, capture_output=True, cwd=folder, env=environment)
        for command in commands
    ]
    first, *others = [Outcome(each.returncode, each.stdout.decode(), each.stderr.decode()) for each in done]
    for other in others:
        assert other == first
    return first
