"""The command `questiontopic`: prints the topics of its arguments, or of each line of standard input.

This module decides the exit code, and reports the failure that ends a run. Only usage errors are reported by `flags`.
"""

import asyncio
import os
import sys
from collections.abc import Sequence

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
    settings = parse(sys.argv[1:] if arguments is None else arguments, os.environ)
    separate_core_log(os.environ)
    report = Report(sys.stderr)
    if sys.stdout is None:
        report.note("standard output is closed")
        return FAILED
    try:
        return ANSWERED if asyncio.run(run(settings, report)) else UNANSWERED
    except (TopicError, Failure) as error:
        report.note(str(error))
        return FAILED
    except BrokenPipeError:
        _discard_output()
        return PIPE_CLOSED  # The reader of the output has ended, for example `head`.
    except OSError as error:
        _discard_output()
        report.note(error.strerror or str(error))
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def _discard_output() -> None:
    # What could not be written is still in the buffer: Python would write it at exit, fail again and end with code 120.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
