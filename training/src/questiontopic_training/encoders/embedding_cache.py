"""Keeps the vectors that frozen encoders compute for texts in a folder, so that each text is encoded only once.

Each encoder has two files: one of vectors and one of the digests of their texts. Vectors are appended in chunks, and
the digests of a chunk after its vectors, so an interrupted run continues after the last complete chunk. Vectors are
read through a memory map, never all at once. A file lock lets one process at a time read and append.
"""

from __future__ import annotations

import fcntl
import hashlib
import itertools
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from questiontopic_model.runtimes.graph import Floats

from ..data.examples import Ints
from ..progress import bar

Encode = Callable[[Sequence[str]], Floats]
_CHUNK_TEXTS = 1024  # An interruption loses the work on at most one chunk.
_DIGEST_BYTES = 16  # Enough for no two texts to have the same digest.


class Vectors:
    """The vectors of texts, in the order of the texts; they are on disk until they are read.

    Every access maps the file anew, because the pages of a permanent map would stay in the memory of the process.
    """

    def __init__(self, file: Path, dimension: int, positions: Ints, owner: EmbeddingCache) -> None:
        self._file, self._positions = file, positions
        self._owner = owner  # Keeps the cache, and so its temporary folder, alive.
        self.dimension = dimension

    def __len__(self) -> int:
        return len(self._positions)

    def __getitem__(self, rows: Ints | slice) -> Floats:
        """The vectors of these rows, in memory."""
        positions = self._positions[rows]
        size = self._file.stat().st_size // (4 * self.dimension)
        found: Floats = np.array(np.memmap(self._file, np.float32, "r", shape=(size, self.dimension))[positions])
        return found


class EmbeddingCache:
    """Keeps vectors in `folder`, or in a temporary folder that lives as long as this object."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._temporary: tempfile.TemporaryDirectory[str] | None = None

    def vectors(self, encoder: str, texts: Sequence[str], load: Callable[[], Encode]) -> Vectors:
        """The vectors of these prepared texts (at least one). `load` gives the function that computes missing vectors.

        `encoder` identifies the encoder and its weights: everything besides the text that a vector depends on.
        """
        store = self._cache_folder() / f"embeddings-{hashlib.sha256(encoder.encode()).hexdigest()[:16]}"
        digests = [hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES).digest() for text in texts]
        with _locked(store) as (keys, values):
            positions, dimension = _known(keys, values)
            missing = {key: text for key, text in zip(digests, texts, strict=True) if key not in positions}
            if missing:
                dimension = _append(keys, values, missing, load(), dimension)
                positions |= {key: position for position, key in enumerate(missing, start=len(positions))}
        return Vectors(store.with_suffix(".f32"), dimension, np.array([positions[key] for key in digests]), self)

    def _cache_folder(self) -> Path:
        if self._folder:
            self._folder.mkdir(parents=True, exist_ok=True)
            return self._folder
        self._temporary = self._temporary or tempfile.TemporaryDirectory(prefix="embeddings-")
        return Path(self._temporary.name)


@contextmanager
def _locked(store: Path) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """Opens the files of digests and of vectors, for this process alone."""
    with store.with_suffix(".keys").open("a+b") as keys, store.with_suffix(".f32").open("a+b") as values:
        fcntl.flock(keys, fcntl.LOCK_EX)
        yield keys, values


def _known(keys: BinaryIO, values: BinaryIO) -> tuple[dict[bytes, int], int]:
    """The position of the vector of each text digest, and the dimension of the vectors (0 if there are none).

    The file of digests begins with the dimension. Incomplete entries at the ends of both files are cut off.
    """
    keys.seek(0)
    head, digests = keys.read(4), keys.read()
    dimension = int.from_bytes(head, "little") if len(head) == 4 else 0
    whole = min(len(digests) // _DIGEST_BYTES, values.seek(0, os.SEEK_END) // (4 * dimension)) if dimension else 0
    keys.truncate(4 + whole * _DIGEST_BYTES if whole else 0)
    values.truncate(whole * dimension * 4)
    return {
        digests[at * _DIGEST_BYTES : (at + 1) * _DIGEST_BYTES]: at for at in range(whole)
    }, dimension if whole else 0


def _append(keys: BinaryIO, values: BinaryIO, missing: dict[bytes, str], encode: Encode, dimension: int) -> int:
    remaining = iter(missing.items())
    with bar(None, "encoding", len(missing), "text", leave=False) as progress:
        while chunk := dict(itertools.islice(remaining, _CHUNK_TEXTS)):
            found = np.asarray(encode(list(chunk.values())), np.float32)
            if not dimension:
                dimension = found.shape[1]
                keys.write(dimension.to_bytes(4, "little"))
            for file, content in ((values, found.tobytes()), (keys, b"".join(chunk))):
                file.write(content)  # The vectors first, because a digest promises that its vector exists.
                file.flush()
                os.fsync(file.fileno())
            progress.update(len(chunk))
    return dimension
