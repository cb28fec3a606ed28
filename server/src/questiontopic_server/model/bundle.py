"""A bundle on disk: the folder, its manifest, and the proof that nothing in it was changed. It loads no model."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from .manifest import Manifest

MANIFEST = "manifest.json"


class BundleError(Exception):
    """The bundle cannot be served; the message is one line that names the file and what is wrong with it."""


@dataclass(frozen=True)
class Bundle:
    """A folder whose content equals its manifest's digests."""

    folder: Path
    manifest: Manifest


def sha256_of(path: Path) -> str:
    """The file's SHA-256 as 64 lower-case hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_bundle(folder: Path) -> Bundle:
    """Reads and verifies the bundle in `folder`; raises BundleError unless every digest holds."""
    if not folder.is_dir():
        raise BundleError(f"{folder}: no such bundle folder")
    path = folder / MANIFEST
    try:
        manifest = Manifest.from_json(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise BundleError(f"{path}: missing, so this is no bundle") from None
    except (OSError, ValueError) as error:
        raise BundleError(f"{path}: {error}") from None
    if manifest.content_digest() != manifest.digest:
        raise BundleError(f"{path}: changed after the bundle was made (its digest does not match)")
    for name, expected in manifest.files.items():
        file = folder / name
        if not file.resolve().is_relative_to(folder.resolve()):
            raise BundleError(f"{path}: files names {name!r}, which lies outside the bundle")
        try:
            actual = sha256_of(file)
        except OSError as error:
            raise BundleError(f"{file}: {error.strerror or error}") from None
        if actual != expected:
            raise BundleError(f"{file}: damaged (its SHA-256 does not match the manifest)")
    if unlisted := set(manifest.runtimes.values()) - set(manifest.files):
        raise BundleError(f"{path}: runtimes names {sorted(unlisted)}, which files does not list")
    return Bundle(folder, manifest)
