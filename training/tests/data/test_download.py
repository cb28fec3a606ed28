import dataclasses
import hashlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from questiontopic_training.data import download
from questiontopic_training.data.questions import DataError
from questiontopic_training.data.trec import TEST, TRAINING

FILES = {TRAINING.name: b"HUM:ind Who sings ?\n", TEST.name: b"LOC:city Where is it ?\n"}


@pytest.fixture
def home() -> Iterator[str]:
    """A server with FILES; below `endless/` a body is too large, below `short/` it is cut off."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            folder, _, name = self.path.rpartition("/")
            if name not in FILES or folder not in ("", "/endless", "/short"):
                self.send_error(404)
                return
            self.send_response(200)
            if folder == "/endless":
                self.end_headers()
                try:
                    while True:
                        self.wfile.write(bytes(100_000))
                except OSError:
                    return
            self.send_header("Content-Length", str(len(FILES[name]) + (folder == "/short")))
            self.end_headers()
            self.wfile.write(FILES[name])

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes FILES the published files, because the real ones must not be copied into the project."""
    for constant, file in (("TRAINING", TRAINING), ("TEST", TEST)):
        digest = hashlib.sha256(FILES[file.name]).hexdigest()
        monkeypatch.setattr(download, constant, dataclasses.replace(file, sha256=digest))


@pytest.mark.usefixtures("known")
def test_only_missing_files_are_downloaded(tmp_path: Path, home: str) -> None:
    folder = tmp_path / "new" / "folder"
    folder.mkdir(parents=True)
    (folder / TEST.name).write_text("mine")
    download.download_missing(folder, home)
    assert (folder / TRAINING.name).read_bytes() == FILES[TRAINING.name]
    assert (folder / TEST.name).read_text() == "mine"


@pytest.mark.usefixtures("known")
def test_the_folder_is_made_if_it_is_missing(tmp_path: Path, home: str) -> None:
    download.download_missing(tmp_path / "new" / "folder", home)
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == sorted(FILES)


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("", "not the published file"),
        ("endless/", "larger than 2,000,000 bytes"),
        ("short/", "download failed|not the published file"),
        ("missing/", "download failed .*404"),
    ],
)
def test_a_bad_download_is_an_error_and_leaves_nothing(tmp_path: Path, home: str, folder: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        download.download_missing(tmp_path, home + folder)
    assert list(tmp_path.iterdir()) == []


def test_a_silent_server_is_a_timeout(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        home = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(DataError, match="timed out"):
            download.download_missing(tmp_path, home, timeout=0.2)
