"""Downloads the TREC files from their publishers' page and checks the SHA-256 of each."""

from __future__ import annotations

import contextlib
import hashlib
import urllib.request
from http.client import HTTPException
from pathlib import Path

from tqdm import tqdm

from .questions import DataError
from .trec import HOME, TEST, TRAINING, DataFile

_MAX_BYTES = 2_000_000  # The larger of the two files has 336 kB.
_TIMEOUT_SECONDS = 30.0
_CHUNK_BYTES = 65_536


def download_missing(folder: Path, home: str = HOME, timeout: float = _TIMEOUT_SECONDS) -> None:
    """Downloads the files that `folder` lacks; raises DataError. An error leaves no partial file.

    The address of a file is `home` plus its name. `timeout` limits each wait for the server, in seconds.
    """
    for file in (TRAINING, TEST):
        if not (folder / file.name).exists():
            _download(file, home + file.name, folder / file.name, timeout)


def _download(file: DataFile, address: str, path: Path, timeout: float) -> None:
    partial = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        content = _fetch(address, file.name, timeout)
        if hashlib.sha256(content).hexdigest() != file.sha256:
            raise DataError(
                f"{address}: not the published file (its SHA-256 is another one); put your own file into the folder"
            )
        partial.write_bytes(content)
        partial.replace(path)
    except (OSError, HTTPException) as error:  # URLError and time-outs are OSErrors.
        with contextlib.suppress(OSError):
            partial.unlink()
        raise DataError(f"{address}: download failed ({error}); put {file.name} into {path.parent} by hand") from None


def _fetch(address: str, name: str, timeout: float) -> bytes:
    content = bytearray()
    with (
        urllib.request.urlopen(address, timeout=timeout) as response,
        tqdm(total=response.length, desc=name, unit="B", unit_scale=True) as progress,
    ):
        while chunk := response.read(_CHUNK_BYTES):
            content += chunk
            progress.update(len(chunk))
            if len(content) > _MAX_BYTES:
                raise DataError(f"{address}: larger than {_MAX_BYTES:,} bytes, so it is not the published file")
    return bytes(content)
