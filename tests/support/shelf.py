"""Bundles in folders, and the link that a server serves, as an operator changes them."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

from server_process import DEFAULT_BUNDLE

from questiontopic_model.bundle import read_bundle
from questiontopic_model.bundle.manifest import Manifest

USED = re.compile(r"serving \S+ (\S+) from now on")
REFUSED = re.compile("the bundle was not loaded anew, the former one goes on")


class Shelf:
    """Bundles in folders, and the link that the server serves, which is moved from one to the other."""

    def __init__(self, folder: Path) -> None:
        self.link, self._folder = folder / "bundle", folder
        self.labels: dict[str, set[str]] = {}
        self.prefixes: dict[str, str] = {}

    def add(self, name: str, *, prefix: str = "") -> None:
        """A bundle with the version `name` whose labels begin with the prefix."""
        bundle = Path(shutil.copytree(DEFAULT_BUNDLE, self._folder / name))
        manifest = read_bundle(DEFAULT_BUNDLE).manifest
        values = json.loads(json.dumps(manifest.to_json()))
        if prefix:
            for label in manifest.coarse_labels:
                values = json.loads(re.sub(rf'"{label}(?=[":])', f'"{prefix}{label}', json.dumps(values)))
        changed = replace(Manifest.from_json(values), version=name).sealed()
        (bundle / "manifest.json").write_text(json.dumps(changed.to_json()), "utf-8")
        self.labels[changed.digest], self.prefixes[changed.digest] = set(changed.coarse_labels), prefix

    def damage(self, name: str) -> None:
        """A copy of the default bundle without its model."""
        (Path(shutil.copytree(DEFAULT_BUNDLE, self._folder / name)) / "model.onnx").write_bytes(b"\0")

    def serve(self, name: str) -> None:
        """Moves the link, at once."""
        scratch = self._folder / "scratch"
        scratch.symlink_to(self._folder / name)
        scratch.replace(self.link)
