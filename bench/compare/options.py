"""The command line options that the comparison and the studies share."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from compare.servers import OURS, ROOT, SERVERS, Server, server_beside


def parser_for(description: str | None) -> argparse.ArgumentParser:
    """Returns a parser that knows the bundle, the load generator and the environments of the peers."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=ROOT / "models" / "usem3")
    parser.add_argument("--loadgen", type=Path, default=ROOT / ".tools" / "loadgen", help="the built bench/loadgen")
    parser.add_argument(
        "--environments", type=Path, default=ROOT / ".venv" / "bench", help="folder with an environment for each peer"
    )
    return parser


def add_questions(parser: argparse.ArgumentParser) -> None:
    """Adds `--questions`."""
    parser.add_argument(
        "--questions", type=Path, required=True, help="a file with a question on each line, or a .tsv table"
    )


def add_servers(parser: argparse.ArgumentParser, default: Sequence[str] = (OURS,)) -> None:
    """Adds `--only` and `--beside`; `chosen_servers` reads them."""
    names = [server.name for server in SERVERS]
    parser.add_argument(
        "--only", type=names_among(names), default=list(default), metavar="NAME,…", help=f"of {', '.join(names)}"
    )
    parser.add_argument(
        "--beside",
        type=_beside,
        action="append",
        default=[],
        metavar="NAME=…",
        help="one more server: NAME=CHECKOUT is another version of our server, in a checkout that has .venv/serve and "
        "models/usem3; NAME=COMMAND is a command line with {port} that serves our contract",
    )


def add_apart(parser: argparse.ArgumentParser, default: bool) -> None:
    """Adds `--apart` and `--no-apart`."""
    parser.add_argument(
        "--apart",
        action=argparse.BooleanOptionalAction,
        default=default,
        help="give the server the first half of the CPUs and the load generator the other half",
    )


def chosen_servers(options: argparse.Namespace) -> list[Server]:
    """Returns the servers that `--only` and `--beside` name."""
    beside: list[Server] = options.beside
    return [server for server in SERVERS if server.name in options.only] + beside


def names_among(known: Sequence[str]) -> Callable[[str], list[str]]:
    """Returns a function that reads names with commas between them, each of which must be known."""

    def read(text: str) -> list[str]:
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(known)}")
        return names

    return read


def _beside(text: str) -> Server:
    try:
        return server_beside(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def read_questions(path: Path) -> list[str]:
    """Returns the lines of the file, or the last column of a .tsv table that has a header."""
    lines = path.read_text("utf-8").splitlines()
    return [line.split("\t")[-1] for line in lines[1:]] if path.suffix == ".tsv" else lines
