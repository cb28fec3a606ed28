"""Reads the command line of `questiontopic label`. Usage errors end the process with code 2."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from questiontopic.command.arguments import Parser, count, decimal
from questiontopic.command.connection import Connection, add_connection_flags, connection

FORMATS = ("csv", "tsv", "jsonl", "parquet")

_DESCRIPTION = """\
Labels a table that has a question in each row: writes the same rows, in the same order, with the columns topic,
confidence and label_error, fine_topic and fine_confidence if the model has fine labels, and none_of_these if it has
that score, which is the probability that the text belongs to none of the labels. A row that cannot be labelled has the
reason in label_error, and the job goes on. A job can be stopped at any time, even by kill -9: --resume goes on with its
output. Rows are counted from 1, without header rows and blank lines."""

_EPILOG = (
    "Exit status: 0 if every row has a topic, 1 if the job failed, 2 for wrong usage, 3 if rows have errors, "
    "130 for Ctrl-C."
)


@dataclass(frozen=True)
class Settings:
    """The settings of one job."""

    connection: Connection
    input: Path | None  # None: standard input
    output: Path | None  # None: standard output
    input_format: str
    output_format: str
    text_column: str | None
    delimiter: str | None
    prefix: str
    resume: bool
    overwrite: bool
    texts_per_call: int
    in_flight: int
    patience: float  # seconds
    model: str
    progress: bool | None  # None: if standard error is a terminal


def parse(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """The settings of a job. Raises SystemExit for usage errors (code 2) and --help (code 0)."""
    parser = _parser(environment)
    given = parser.parse_args(arguments)
    try:
        return _settings(given)
    except ValueError as error:
        parser.error(str(error))


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = Parser(
        prog="questiontopic label",
        usage="questiontopic label [flags] [file]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("file", nargs="?", default="-", help="the table: .csv, .tsv, .jsonl or .parquet; - is standard input (-)")
    add("--output", metavar="FILE", default="-", help="the labelled table, in the format of its name; - is standard "
        "output, in the format of the input (-)")  # fmt: skip
    add("--text-column", metavar="NAME", help="the column with the questions (text or question)")
    add("--format", choices=FORMATS, help="the format of the input (from its name)")
    add("--delimiter", metavar="C", type=_delimiter, help="of CSV: one character, or tab (the one of , ; tab | that "
        "makes the text column a column)")  # fmt: skip
    add("--prefix", metavar="TEXT", default="", help="put TEXT before the names of the added columns")
    add("--resume", action="store_true", help="go on with an output that a stopped job left; start if there is none")
    add("--overwrite", action="store_true", help="replace the output if it is there")
    add("--progress", action=argparse.BooleanOptionalAction, help="show a progress bar on standard error, or do not "
        "(show it if that is a terminal)")  # fmt: skip
    add("--patience", metavar="SECONDS", type=decimal(0, 86_400), default=300.0, help="how long to go on asking when "
        "the server cannot be reached or has too much to do; the job fails then, and can be resumed (300)")  # fmt: skip
    add("--texts-per-call", metavar="N", type=count(512), default=64, help="rows in a call, 1 to 512 (%(default)s)")
    add("--in-flight", metavar="N", type=count(64), default=4, help="calls at the same time, 1 to 64 (%(default)s)")
    add("--model", metavar="NAME", default="", help="the bundle that must answer (any)")
    add_connection_flags(parser, environment)
    return parser


def _delimiter(argument: str) -> str:
    if argument in ("tab", r"\t"):
        return "\t"
    if len(argument) != 1 or argument in '"\r\n':
        raise argparse.ArgumentTypeError("must be one character, but no quote and no line break; or tab")
    return argument


def _settings(given: argparse.Namespace) -> Settings:
    server = connection(given)
    source = None if given.file == "-" else Path(given.file)
    output = None if given.output == "-" else Path(given.output)
    if given.resume and given.overwrite:
        raise ValueError("--resume and --overwrite: choose one")
    if given.resume and output is None:
        raise ValueError("--resume: name the file with --output")
    input_format = given.format or _format(source)
    if input_format is None:
        what = "standard input" if source is None else str(source)
        raise ValueError(f"{what}: name its format with --format {'|'.join(FORMATS)}")
    output_format = _format(output) or input_format
    if output_format == "parquet" and output is None:
        raise ValueError("Parquet cannot be written to standard output: name the file with --output")
    if output_format == "parquet" and given.resume:
        raise ValueError("--resume: Parquet cannot be continued; write .csv or .jsonl to be able to resume")
    if given.delimiter and input_format not in ("csv", "tsv"):
        raise ValueError(f"--delimiter is for csv and tsv; the input is {input_format}")
    return Settings(
        connection=server,
        input=source,
        output=output,
        input_format=input_format,
        output_format=output_format,
        text_column=given.text_column,
        delimiter=given.delimiter,
        prefix=given.prefix,
        resume=given.resume,
        overwrite=given.overwrite,
        texts_per_call=given.texts_per_call,
        in_flight=given.in_flight,
        patience=given.patience,
        model=given.model,
        progress=given.progress,
    )


def _format(path: Path | None) -> str | None:
    extension = path.suffix.lower().removeprefix(".") if path else ""
    return {"ndjson": "jsonl"}.get(extension, extension if extension in FORMATS else None)
