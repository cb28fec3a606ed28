"""The command `questiontopic`: prints the topics of texts, or labels the rows of a table.

This module decides the exit code, and reports the failure that ends a run. Only usage errors are reported by `flags`.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Sequence

from questiontopic.command.core_log import separate_core_log
from questiontopic.command.failure import Failure
from questiontopic.command.flags import parse
from questiontopic.command.report import Report
from questiontopic.command.run import run
from questiontopic.error import TopicError

ANSWERED, FAILED, UNANSWERED = 0, 1, 3
# The exit codes that a shell reports for a process that SIGINT or SIGPIPE ended.
INTERRUPTED, PIPE_CLOSED = 130, 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command with the arguments, by default those of the process, and returns its exit code.

    Like argparse, it raises SystemExit for usage errors (code 2), --help and --version (code 0).
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    work = _label(given[1:]) if given[:1] == ["label"] else _topics(given)
    separate_core_log(os.environ)
    report = Report(sys.stderr)
    if sys.stdout is None:
        report.note("standard output is closed")
        return FAILED
    try:
        return ANSWERED if work(report) else UNANSWERED
    except (TopicError, Failure) as error:
        report.note(str(error))
        return FAILED
    except BrokenPipeError:
        _discard_output()
        return PIPE_CLOSED  # The reader of the output has ended, for example `head`.
    except OSError as error:
        _discard_output()
        reason = error.strerror or str(error)
        report.note(f"{error.filename}: {reason}" if error.filename else reason)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def _topics(arguments: Sequence[str]) -> Callable[[Report], bool]:
    settings = parse(arguments, os.environ)
    return lambda report: asyncio.run(run(settings, report))


def _label(arguments: Sequence[str]) -> Callable[[Report], bool]:
    # Its modules import those of this package.
    from questiontopic.label.flags import parse
    from questiontopic.label.job import Job

    settings = parse(arguments, os.environ)
    return lambda report: Job(settings, report.note).run()


def _discard_output() -> None:
    # What could not be written is still in the buffer: Python would write it at exit, fail again and end with code 120.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
