"""Opens the output of a job, in its format."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from questiontopic.command.failure import Failure
from questiontopic.label.delimited_form import DelimitedForm
from questiontopic.label.flags import Settings
from questiontopic.label.form import Form
from questiontopic.label.json_form import JsonForm
from questiontopic.label.names import Names
from questiontopic.label.output import Output
from questiontopic.label.parquet import ParquetOutput
from questiontopic.label.resume import keep
from questiontopic.label.row import Row, Table
from questiontopic.label.summary import Summary
from questiontopic.topics import Topics


class Target(Protocol):
    """Takes labelled rows."""

    def write(self, rows: Sequence[tuple[Row, Topics]]) -> None:
        """Writes the rows."""

    def finish(self) -> None:
        """The rows are complete."""

    def discard(self) -> None:
        """The job ends before the rows are complete."""


@dataclass(frozen=True)
class _Lines:
    """Text. What was written before the job ended stays."""

    form: Form
    output: Output

    def write(self, rows: Sequence[tuple[Row, Topics]]) -> None:
        self.output.write(b"".join(self.form.row(row, topics) for row, topics in rows))

    def finish(self) -> None:
        self.output.close()

    def discard(self) -> None:
        self.output.close()


def check_target(settings: Settings) -> None:
    """Raises Failure if the output must not be written."""
    path = settings.output
    if path is None or not path.is_file():
        return
    if settings.input is not None and settings.input.exists() and path.samefile(settings.input):
        raise Failure(f"--output: {path} is the input: name another file")
    if not (settings.resume or settings.overwrite):
        raise Failure(f"--output: {path} is there already: go on with --resume, or replace it with --overwrite")


def open_target(settings: Settings, table: Table, names: Names, summary: Summary) -> tuple[Target, list[Row]]:
    """The output, and the rows that were already read from the input and must be labelled."""
    path = settings.output
    if settings.output_format == "parquet" and path is not None:
        return ParquetOutput(path, table, names), []
    form = _form(settings, table, names)
    again: list[Row] = []
    if path is None:
        output = Output.standard()
    elif settings.resume and path.is_file():
        with path.open("rb") as before:
            kept = keep(before, form, table.rows, settings.texts_per_call, summary)
        output, again = Output.cut(path, kept.size), kept.again
    else:
        output = Output.new(path)
    output.begin(form)
    return _Lines(form, output), again


def _form(settings: Settings, table: Table, names: Names) -> Form:
    if settings.output_format == "jsonl":
        if twice := sorted({name for name in table.columns if table.columns.count(name) > 1}):
            raise Failure(f"the input has more than one column {twice[0]!r}, which JSON lines cannot have")
        return JsonForm(table.columns, names)
    is_same = settings.input_format in ("csv", "tsv") and settings.output_format == "csv"
    delimiter = "\t" if settings.output_format == "tsv" else table.delimiter if is_same else ","
    return DelimitedForm(table.columns, names, delimiter, bom=table.bom)
