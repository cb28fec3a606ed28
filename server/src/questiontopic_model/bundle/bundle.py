"""Reads a bundle from disk and verifies its manifest and the digest of every file. It loads no model."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .manifest import Manifest, content_digest

MANIFEST = "manifest.json"
PIECES = "pieces.onnx"  # A usem3 bundle may have its ONNX graph in two files; this one computes single word pieces.


class BundleError(Exception):
    """The bundle cannot be served. The message is one line that names the file and the fault."""

    def __init__(self, message: str) -> None:
        super().__init__((message.splitlines() or [""])[0])


@contextlib.contextmanager
def bundle_errors(subject: Path | str) -> Iterator[None]:
    """Raises each error of the block as a BundleError that names the file, or `subject` if the error names no file."""
    try:
        yield
    except BundleError:
        raise
    except Exception as error:  # JSON, file systems and the runtimes have many error classes.
        if isinstance(error, OSError) and error.filename:
            raise BundleError(f"{error.filename}: {error.strerror}") from error
        raise BundleError(f"{subject}: {str(error) or type(error).__name__}") from error


@dataclass(frozen=True)
class Bundle:
    """A verified bundle: the content of the folder matches the digests in its manifest."""

    folder: Path
    manifest: Manifest


def sha256_of(path: Path) -> str:
    """The SHA-256 of a regular file, as 64 lower-case hexadecimal digits; raises OSError."""
    _check_regular(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_bundle(folder: Path) -> Bundle:
    """Reads and verifies the bundle in `folder`; raises BundleError if a file or a digest is wrong."""
    if not folder.is_dir():
        raise BundleError(f"{folder}: no such bundle folder")
    path = folder / MANIFEST
    with bundle_errors(path):
        manifest = _read_manifest(path)
        for name, expected in manifest.files.items():
            if not _inside(folder, name):
                raise BundleError(f"{path}: files names {name!r}, which is not a file inside the bundle")
            if sha256_of(folder / name) != expected:
                raise BundleError(f"{folder / name}: damaged (its SHA-256 does not match the manifest)")
        if manifest.encoder.kind == "tfhub":
            _check_saved_model(folder, manifest)
    return Bundle(folder, manifest)


def _read_manifest(path: Path) -> Manifest:
    try:
        _check_regular(path)
    except FileNotFoundError:
        raise BundleError(f"{path}: missing, so this is not a bundle") from None
    values = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
    manifest = Manifest.from_json(values)
    if content_digest(values) != manifest.digest:
        raise BundleError(f"{path}: changed after the bundle was made (its digest does not match)")
    return manifest


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _check_saved_model(folder: Path, manifest: Manifest) -> None:
    """Checks that every file in the encoder's folder was verified, because TensorFlow may read any of them."""
    path = manifest.encoder.path
    if not _inside(folder, path):
        raise BundleError(f"{folder / MANIFEST}: encoder.path is {path!r}, which is not a folder inside the bundle")
    below = [found for found in sorted((folder / path).rglob("*")) if found.is_symlink() or not found.is_dir()]
    if not below:
        raise BundleError(f"{folder / path}: no files, so this is not an encoder")
    for found in below:
        if found.relative_to(folder).as_posix() not in manifest.files:
            raise BundleError(f"{found}: not listed in the manifest's files")


def _inside(folder: Path, name: str) -> bool:
    return folder.resolve() in (folder / name).resolve().parents


def _check_regular(path: Path) -> None:
    """Raises OSError unless `path` is a regular file. Reading a pipe or a device might never end."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))
