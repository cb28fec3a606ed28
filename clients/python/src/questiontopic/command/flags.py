"""Reads the command line: flags, their defaults and their combinations. Usage errors end the process with code 2."""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from questiontopic.command.arguments import Parser, count, decimal
from questiontopic.command.connection import Connection, add_connection_flags, connection
from questiontopic.version import VERSION

_DESCRIPTION = """\
Tells what each question asks for: a person, a place, a number, a definition and so on. Each text is one question.
Without texts, the command reads standard input, which is UTF-8: each line is one text. Each line of input gets one line
of output. A blank line is not sent: its topic and its confidence are -, and in JSON lines its error is "blank". Flags
come before texts; -- ends the flags. To label the rows of CSV, JSON lines or Parquet: questiontopic label --help. To
ask the text "label": questiontopic -- label."""

_EPILOG = (
    "Exit status: 0 if every text was answered, 1 if a call failed, 2 for wrong usage, "
    "3 if --on-error skip left texts without an answer."
)


@dataclass(frozen=True)
class Settings:
    """The settings of one run."""

    connection: Connection
    label_level: str  # coarse, fine or both
    output: str  # table or jsonl
    none_from: float  # the table marks texts whose score "none of these" is at least this
    skip: bool  # go on after a text that cannot be answered
    skip_blank: bool
    texts_per_call: int
    in_flight: int
    model: str
    labels: bool  # print the labels and ask nothing
    texts: Sequence[str]  # empty: the lines of standard input


def parse(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """The settings of a run. Raises SystemExit for usage errors (code 2), --help and --version (code 0)."""
    parser = _parser(environment)
    given = parser.parse_args(arguments)
    try:
        server = connection(given)
        if given.labels and _without_dashes(given.texts):
            raise ValueError("--labels asks nothing: leave out the texts")
        texts = [_utf8(text, f"text {i}") for i, text in enumerate(_without_dashes(given.texts), 1)]
        model = _utf8(given.model, "--model")
    except ValueError as error:
        parser.error(str(error))
    return Settings(
        connection=server,
        label_level=given.label_level,
        output=given.output,
        none_from=given.none_from,
        skip=given.on_error == "skip",
        skip_blank=given.skip_blank,
        texts_per_call=given.texts_per_call,
        in_flight=given.in_flight,
        model=model,
        labels=given.labels,
        texts=texts,
    )


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = Parser(
        prog="questiontopic",
        usage="questiontopic [flags] [text ...]\n       questiontopic label [flags] [file]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add_connection_flags(parser, environment)
    add("--label-level", choices=("coarse", "fine", "both"), default="coarse", help="(%(default)s)")
    add("--output", choices=("table", "jsonl"), default="table", help="jsonl is one JSON object a line (%(default)s)")
    add("--none-from", metavar="SCORE", type=decimal(0, 1), default=0.5, help="in a table, mark each text whose "
        "probability to belong to none of the labels is at least SCORE, if the model has this score; jsonl always has "
        "it (%(default)s)")  # fmt: skip
    add("--skip-blank", action="store_true", help="leave out the blank lines of standard input")
    add(
        "--on-error",
        choices=("stop", "skip"),
        default="stop",
        help="stop at the first text that cannot be answered, or skip it: its topic and its confidence are -, or in "
        "JSON lines it has an error; standard error says why (%(default)s)",
    )
    add("--texts-per-call", metavar="N", type=count(512), default=64, help="lines in a call, 1 to 512 (%(default)s)")
    add("--in-flight", metavar="N", type=count(1024), default=4, help="calls at the same time, 1 to 1024 (%(default)s)")
    add("--model", metavar="NAME", default="", help="the bundle that must answer (any)")
    add("--labels", action="store_true", help="print the labels of the model and what they stand for, and ask nothing")
    add("--version", action="version", version=f"questiontopic {VERSION}", help="print the version")
    add("texts", metavar="text", nargs=argparse.REMAINDER, help="a question; all of them are sent in one call")
    return parser


def _without_dashes(texts: Sequence[str]) -> Sequence[str]:
    return texts[1:] if texts[:1] == ["--"] else texts


def _utf8(argument: str, what: str) -> str:
    # Python decoded the argument with the locale's encoding, but the command always sends UTF-8.
    try:
        return os.fsencode(argument).decode()
    except UnicodeDecodeError:
        raise ValueError(f"{what}: not valid UTF-8") from None
