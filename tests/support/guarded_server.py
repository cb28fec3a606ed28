"""A real server with TLS, tokens and a bundle of its own: the files that an operator changes while it runs."""

from __future__ import annotations

import json
import shutil
import signal
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import trustme
from server_process import DEFAULT_BUNDLE, ServerProcess

from questiontopic import TopicClient
from questiontopic_model.bundle import read_bundle

_TOKEN = "a-token-for-tests"


class GuardedServer(ServerProcess):
    """Serves a copy of the default bundle in `folder`, with its certificate, key and tokens beside it."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self._folder, self._authority = folder, trustme.CA()
        self._bundle = Path(shutil.copytree(DEFAULT_BUNDLE, folder / "bundle"))
        leaf = self._authority.issue_cert("127.0.0.1")
        files = {"tls-certificate": leaf.cert_chain_pems[0].bytes(), "tls-key": leaf.private_key_pem.bytes()}
        files["tokens"] = f"web {sha256(_TOKEN.encode()).hexdigest()}".encode()
        for name, content in files.items():
            self.write(name, content)
        super().__init__(self._bundle, *(f"--{name}={folder / name}" for name in files), *flags)

    def write(self, name: str, content: bytes) -> None:
        """Replaces `tls-certificate`, `tls-key` or `tokens`, at once."""
        scratch = self._folder / "scratch"
        scratch.write_bytes(content)
        scratch.replace(self._folder / name)

    def call(self) -> None:
        """Asks for a topic over a new connection, which must succeed."""
        with TopicClient.tls(self.address, ca=self._authority.cert_pem.bytes(), token=_TOKEN) as client:
            client.predict_topic(["Who wrote Ulysses?"])

    def load(self, version: str) -> None:
        """Gives the bundle another version, and so another digest, and has it loaded anew."""
        changed = replace(read_bundle(self._bundle).manifest, version=version).sealed()
        (self._bundle / "manifest.json").write_text(json.dumps(changed.to_json()), "utf-8")
        self.process.send_signal(signal.SIGHUP)

    def load_damaged(self) -> None:
        """Damages the bundle, and has it loaded anew."""
        (self._bundle / "manifest.json").write_text("{}", "utf-8")
        self.process.send_signal(signal.SIGHUP)
