"""Reads a safetensors file: a JSON header and raw arrays, mapped rather than copied."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ..runtimes.graph import Floats


def read_safetensors(path: Path) -> dict[str, Floats]:
    """The file's 32-bit float arrays by name; other types are left out."""
    content = np.memmap(path, np.uint8, "r")
    size = int(content[:8].view(np.uint64)[0])
    header = json.loads(content[8 : 8 + size].tobytes())
    arrays = {}
    for name, entry in header.items():
        if entry.get("dtype") == "F32":
            start, end = (8 + size + offset for offset in entry["data_offsets"])
            arrays[name] = content[start:end].view(np.float32).reshape(entry["shape"])
    return arrays
