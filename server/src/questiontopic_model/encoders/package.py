"""Checks that the installed package of an encoder is the one that a bundle was trained with."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Sequence
from pathlib import Path

from ..bundle.bundle import BundleError, sha256_of
from ..bundle.manifest import EncoderSpec


def checked_resources(
    spec: EncoderSpec, package: str, files: Sequence[str], max_pieces_limit: int, resources: Callable[[], Path]
) -> Path:
    """The folder `resources()`; raises BundleError if its `files` do not have the SHA-256 sums of `spec`.

    `spec` itself is checked first, because it may come from anywhere: it must name exactly `files`, and its
    `max_pieces` must be from 1 to `max_pieces_limit`.
    """
    if set(spec.sha256) != set(files):
        raise BundleError(f"encoder.sha256 must have exactly {files}, has {sorted(spec.sha256)}")
    if not 1 <= spec.max_pieces <= max_pieces_limit:
        raise BundleError(f"encoder.max_pieces must be from 1 to {max_pieces_limit}, is {spec.max_pieces}")
    folder = resources()
    for name, expected in spec.sha256.items():
        if sha256_of(folder / name) != expected:
            installed = importlib.metadata.version(package)
            raise BundleError(f"{package} {installed}: {name} is not the file that the bundle was trained with")
    return folder
