"""The command `questiontopic`: topics of the texts given as arguments, or of each line of standard input.

Here are its exit codes and its one line on standard error; usage errors alone end the process from `flags`.
"""

import asyncio
import os
import sys
from collections.abc import Sequence

from questiontopic.command.core_log import separate_core_log
from questiontopic.command.failure import Failure
from questiontopic.command.flags import parse
from questiontopic.command.run import run
from questiontopic.error import TopicError

ANSWERED, FAILED = 0, 1
# What a shell reports of a process that SIGINT or SIGPIPE ended.
INTERRUPTED, PIPE_CLOSED = 130, 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command with arguments, by default the process's own, and returns its exit code.

    Usage errors (2), --help and --version (0) raise SystemExit, as argparse does.
    """
    settings = parse(sys.argv[1:] if arguments is None else arguments, os.environ)
    separate_core_log(os.environ)
    if sys.stdout is None:
        return _failed("standard output is closed")
    try:
        asyncio.run(run(settings))
    except (TopicError, Failure) as error:
        return _failed(str(error))
    except BrokenPipeError:
        return PIPE_CLOSED  # whoever read the output has seen enough
    except OSError as error:
        return _failed(error.strerror or str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    return ANSWERED


def _failed(reason: str) -> int:
    print(f"questiontopic: {reason}", file=sys.stderr)
    return FAILED
