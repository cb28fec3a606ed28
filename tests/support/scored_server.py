"""A server whose answers have the score "none of these", which the test chooses."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from server_process import server_python

# It runs in the environment of the server, because that of a test in a browser has no gRPC. It ends with its input.
_PROGRAM = """
import json, sys
from questiontopic.testing import TopicServer
with TopicServer() as server:
    server.none_of_these = json.loads(sys.argv[1])
    server.topics = dict.fromkeys(server.none_of_these, "NUM:money")
    print(server.address, flush=True)
    sys.stdin.read()
"""


@contextmanager
def scored_server(scores: Mapping[str, float]) -> Iterator[str]:
    """Serves the topic NUM:money and these scores for these texts, until the block ends; the address."""
    command = [*server_python(), "-c", _PROGRAM, json.dumps(dict(scores))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.communicate(timeout=60)
    assert process.returncode == 0
