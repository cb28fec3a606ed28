"""The JavaScript programs of the documents get right answers: Node by gRPC, a web page by gRPC-Web."""

from __future__ import annotations

import functools
import re
import shlex
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from gateway import gateway
from playwright.sync_api import expect
from server_process import ROOT

from .conftest import Open

PACKAGES = ROOT / ".tools" / "node_modules"
CLIENTS, GATEWAY = (ROOT / "docs" / name for name in ("clients.md", "gateway.md"))
PROTOC = [str(ROOT / ".venv" / "dev" / "bin" / "python"), "-m", "grpc_tools.protoc"]

pytestmark = pytest.mark.skipif(
    not PACKAGES.exists() or not shutil.which("node"),
    reason="no packages for Node: `make browser-test` installs them where npm is",
)


def blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", document.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def run(command: list[str], folder: Path) -> str:
    """What a command prints; it must succeed."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def workshop(tmp_path: Path) -> Path:
    """A folder with the contract and the packages, as a reader has it after `npm install`."""
    (tmp_path / "node_modules").symlink_to(PACKAGES)
    (tmp_path / "proto").symlink_to(ROOT / "proto")
    return tmp_path


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Another origin than the gateway's: its URL, and the folder with its files."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "favicon.ico").touch()  # Browsers ask for it.
    handler = functools.partial(SimpleHTTPRequestHandler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()


@pytest.mark.parametrize("asked", ["server", "gateway"])
def test_the_node_program_asks(asked: str, server: str, url: str, workshop: Path) -> None:
    address = server if asked == "server" else url.removeprefix("http://")
    (program,) = blocks(CLIENTS, "js")
    (workshop / "ask.cjs").write_text(program.replace("localhost:50051", address), "utf-8")
    assert run(["node", "ask.cjs"], workshop) == "NUM:money\n"


@pytest.mark.parametrize(
    ("question", "shown"),
    [("What is your salary?", "NUM:money"), ("", re.compile(r"^InvalidArgument: .*texts\[0\]"))],
    ids=["answered", "refused"],
)
def test_a_web_page_of_another_origin_asks(
    server: str, workshop: Path, site: tuple[str, Path], open_page: Open, question: str, shown: str | re.Pattern[str]
) -> None:
    origin, folder = site
    (program,), (html,) = blocks(GATEWAY, "js"), blocks(GATEWAY, "html")
    install, protoc, bundle = [
        shlex.split(line)
        for block in blocks(GATEWAY, "sh")
        for line in block.splitlines()
        if line.startswith(("npm ", "protoc ", "npx "))
    ]
    assert [name for name in install[2:] if not (PACKAGES / name).exists()] == []
    with gateway(server, "--allow-origin", origin) as url:
        program = program.replace("http://localhost:8888", url).replace("What is your salary?", question)
        (workshop / "ask.js").write_text(program, "utf-8")
        run([*PROTOC, *protoc[1:]], workshop)
        run(bundle, workshop)
        (folder / "index.html").write_text(html, "utf-8")
        shutil.copy(workshop / "page.js", folder)
        page = open_page(origin)
        expect(page.locator("output")).to_have_text(shown)
