"""Vectors of texts from frozen encoders, kept in a folder: each text is encoded once, also over runs and folds.

Chunks are appended to one file of vectors for each encoder, and after each chunk the texts' digests to another. So an
interrupted run goes on at its last chunk, and vectors are read by way of a memory map, never all at once. Processes
take turns by a file lock.
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

from questiontopic_model.encoders.encoder import Floats

from ..data.examples import Ints
from ..progress import bar

Encode = Callable[[Sequence[str]], Floats]
_CHUNK_TEXTS = 1024  # Texts whose work an interruption may lose.
_DIGEST_BYTES = 16  # Bytes of a text's digest: two different texts will not share it.


class Vectors:
    """The vectors of texts in their order, on disk until they are asked for.

    The file is mapped for each question anew: pages of a lasting map would stay in memory and count as the process's.
    """

    def __init__(self, file: Path, dimension: int, positions: Ints, owner: EmbeddingCache) -> None:
        self._file, self._positions = file, positions
        self._owner = owner  # Whose temporary folder must not go before.
        self.dimension = dimension

    def __len__(self) -> int:
        return len(self._positions)

    def __getitem__(self, rows: Ints | slice) -> Floats:
        """The vectors of those rows, in memory."""
        positions = self._positions[rows]
        size = self._file.stat().st_size // (4 * self.dimension)
        found: Floats = np.array(np.memmap(self._file, np.float32, "r", shape=(size, self.dimension))[positions])
        return found


class EmbeddingCache:
    """Keeps vectors in `folder`; without one, in a temporary folder that goes with this object."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._temporary: tempfile.TemporaryDirectory[str] | None = None

    def vectors(self, encoder: str, texts: Sequence[str], load: Callable[[], Encode]) -> Vectors:
        """The vectors of at least one text; what is missing is computed by the function that `load` gives.

        `encoder` names everything besides the text that a vector depends on: the encoder and its weights. Texts are
        prepared ones.
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
    """The files of digests and of vectors, for this process alone."""
    with store.with_suffix(".keys").open("a+b") as keys, store.with_suffix(".f32").open("a+b") as values:
        fcntl.flock(keys, fcntl.LOCK_EX)
        yield keys, values


def _known(keys: BinaryIO, values: BinaryIO) -> tuple[dict[bytes, int], int]:
    """The place of each text whose vector is there, and the vectors' dimension (0 if there is none).

    The dimension stands at the head of the digests. What an interruption left behind the last whole chunk is cut off.
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
                file.write(content)  # The vectors first: a digest says that its vector is there.
                file.flush()
                os.fsync(file.fileno())
            progress.update(len(chunk))
    return dimension
