"""What a user can apply: the base, each overlay, and the base with each component, as kustomize renders them."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

Manifest = dict[str, Any]

_SECONDS = 60.0


class RenderError(Exception):
    """Kustomize refused a folder. The message is what it said."""


def variants(root: Path, kubectl: Path) -> Iterator[tuple[str, list[Manifest]]]:
    """The name of each variant below `root`, and its manifests. Raises RenderError."""
    yield "base", render(root / "base", kubectl)
    for overlay in sorted((root / "overlays").iterdir()):
        yield f"overlays/{overlay.name}", render(overlay, kubectl)
    for component in sorted((root / "components").iterdir()):
        yield f"components/{component.name}", _with_component(root / "base", component, kubectl)


def render(folder: Path, kubectl: Path) -> list[Manifest]:
    """The manifests that `kubectl apply -k` would send. Raises RenderError."""
    run = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, timeout=_SECONDS, check=False)
    if run.returncode:
        raise RenderError(run.stderr.strip())
    return [each for each in yaml.safe_load_all(run.stdout) if each]


def _with_component(base: Path, component: Path, kubectl: Path) -> list[Manifest]:
    """A component is applied with something; kustomize wants paths that are relative to its folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        kustomization = {
            "resources": [os.path.relpath(base.resolve(), folder)],
            "components": [os.path.relpath(component.resolve(), folder)],
        }
        (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization), "utf-8")
        return render(folder, kubectl)
