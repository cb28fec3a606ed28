"""Reads a safetensors file: a JSON header, then raw arrays, which are mapped into memory and not copied."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ..runtimes.graph import Floats


def read_safetensors(path: Path) -> dict[str, Floats]:
    """The file's arrays of 32-bit floats, by name. Arrays of other types are skipped."""
    content = np.memmap(path, np.uint8, "r")
    size = int(content[:8].view(np.uint64)[0])
    header = json.loads(content[8 : 8 + size].tobytes())
    arrays = {}
    for name, entry in header.items():
        if entry.get("dtype") == "F32":
            start, end = (8 + size + offset for offset in entry["data_offsets"])
            arrays[name] = content[start:end].view(np.float32).reshape(entry["shape"])
    return arrays
