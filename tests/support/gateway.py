"""A real gateway process for tests: started on a free port before a server, and ended by SIGTERM."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from server_process import ROOT, wait_for_log

GATEWAY = ROOT / ".tools" / "gateway"
_SERVING = re.compile(r"serving (http\S+)/")


@contextmanager
def gateway(backend: str, *flags: str) -> Iterator[str]:
    """Runs a gateway until the block ends, and demands a clean exit; its URL, without the last slash."""
    command = [str(GATEWAY), "--address", "127.0.0.1:0", "--backend", backend, "--drain-delay", "0.001", *flags]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        try:
            yield wait_for_log(process, _SERVING)[1]
        finally:
            process.terminate()
            process.communicate(timeout=60)
    assert process.returncode == 0
