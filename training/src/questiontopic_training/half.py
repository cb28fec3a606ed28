"""Weights in 16 bits on disk, computed with in 32: rounded once, so that every form of a bundle has equal weights."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

_DATE = (1980, 1, 1, 0, 0, 0)  # The earliest that zip knows: equal models make equal files.


def round_weights(model: Any) -> None:
    """Rounds every weight to the nearest number that 16 bits can hold; raises ValueError if one is out of range."""
    with np.errstate(over="ignore"):  # Told below, by name.
        rounded = [weight.astype(np.float16).astype(np.float32) for weight in model.get_weights()]
    if not all(np.isfinite(weight).all() for weight in rounded):
        raise ValueError("a weight is not a number, or too large for 16 bits")
    model.set_weights(rounded)


def save_keras(model: Any, path: Path) -> None:
    """Saves a model with rounded weights as a `.keras` file of 16-bit arrays; Keras loads them as 32-bit variables."""
    model.save(path)
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in sorted(file.namelist())}
    parts["model.weights.h5"] = _halved(parts["model.weights.h5"])
    metadata = json.loads(parts["metadata.json"]) | {"date_saved": ""}
    parts["metadata.json"] = json.dumps(metadata).encode()
    parts["config.json"] = json.dumps(_without_addresses(json.loads(parts["config.json"]))).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(zipfile.ZipInfo(name, _DATE), content, zipfile.ZIP_DEFLATED)


def _without_addresses(config: Any) -> Any:
    """The configuration without `shared_object_id`: addresses in memory, which only mark that equal parts were one."""
    if isinstance(config, list):
        return [_without_addresses(item) for item in config]
    if not isinstance(config, dict):
        return config
    return {key: _without_addresses(value) for key, value in config.items() if key != "shared_object_id"}


def _halved(weights: bytes) -> bytes:
    target = io.BytesIO()
    with h5py.File(io.BytesIO(weights)) as source, h5py.File(target, "w") as copy:

        def visit(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset):
                value = item[()]
                copy.create_dataset(name, data=value.astype(np.float16) if value.dtype == np.float32 else value)
            else:
                copy.require_group(name)
            copy[name].attrs.update(item.attrs)

        source.visititems(visit)
        copy.attrs.update(source.attrs)
    return target.getvalue()
