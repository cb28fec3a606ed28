"""Whether the installed package of an encoder is the one that a bundle names."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Sequence
from pathlib import Path

from ..bundle.bundle import BundleError, sha256_of
from ..bundle.manifest import EncoderSpec


def checked_resources(
    spec: EncoderSpec, package: str, files: Sequence[str], most_pieces: int, resources: Callable[[], Path]
) -> Path:
    """The folder `resources()`, whose `files` are those of `spec`, or BundleError; so too past `most_pieces`.

    What the bundle says is checked first, whatever is installed.
    """
    if set(spec.sha256) != set(files):
        raise BundleError(f"encoder.sha256 must have exactly {files}, has {sorted(spec.sha256)}")
    if not 1 <= spec.max_pieces <= most_pieces:
        raise BundleError(f"encoder.max_pieces must be from 1 to {most_pieces}, is {spec.max_pieces}")
    folder = resources()
    for name, expected in spec.sha256.items():
        if sha256_of(folder / name) != expected:
            installed = importlib.metadata.version(package)
            raise BundleError(f"{package} {installed}: {name} is not the one that the bundle was trained with")
    return folder
