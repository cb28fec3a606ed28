"""A second bundle for tests: the default one with a name and coarse labels of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from server_process import DEFAULT_BUNDLE, server_python

NAME = "german"
LABELS = {"ABBR": "KURZ", "DESC": "BESCHREIBUNG", "ENTY": "DING", "HUM": "MENSCH", "LOC": "ORT", "NUM": "ZAHL"}


def write_german_bundle(folder: Path, name: str = NAME) -> None:
    """Writes it, with the environment of the server: that of the test may not know bundles."""
    shutil.copytree(DEFAULT_BUNDLE, folder)
    subprocess.run([*server_python(), __file__, str(folder / "manifest.json"), name], check=True, timeout=60)


def _rename(file: Path, name: str) -> None:
    from questiontopic_model.bundle.manifest import Manifest

    manifest = Manifest.from_json(json.loads(file.read_text("utf-8")))
    changed = replace(
        manifest,
        name=name,
        coarse_labels=tuple(LABELS[label] for label in manifest.coarse_labels),
        fine_labels=tuple(replace(label, coarse=LABELS[label.coarse]) for label in manifest.fine_labels),
        golden=tuple(
            replace(golden, coarse={LABELS[label]: share for label, share in golden.coarse.items()})
            for golden in manifest.golden
        ),
        label_descriptions={},
    )
    file.write_text(json.dumps(changed.sealed().to_json()), "utf-8")


if __name__ == "__main__":
    _rename(Path(sys.argv[1]), sys.argv[2])
