"""The packages whose versions decide what a training makes."""

from __future__ import annotations

import importlib.metadata

_NAMES = ("keras", "numpy", "onnx", "scikit-learn", "sentencepiece", "tensorflow")


def versions() -> dict[str, str]:
    """The installed version of each package."""
    return {name: importlib.metadata.version(name) for name in _NAMES}
