"""Weights as float16 on disk and as float32 in memory.

They are rounded once, before anything is saved, so that all forms of a bundle have the same weights.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from questiontopic_model.bundle import BundleError

_DATE = (1980, 1, 1, 0, 0, 0)  # A fixed date, the earliest of the zip format, so that equal models make equal files.


def round_to_float16(model: Any) -> None:
    """Rounds every weight to the nearest float16 number; raises BundleError if a weight is out of range."""
    with np.errstate(over="ignore"):  # An overflow is reported below.
        rounded = [weight.astype(np.float16).astype(np.float32) for weight in model.get_weights()]
    if not all(np.isfinite(weight).all() for weight in rounded):
        raise BundleError("training diverged: a weight is not a number, or too large for 16 bits")
    model.set_weights(rounded)


def save_keras(model: Any, path: Path) -> None:
    """Saves a rounded model as a `.keras` file of float16 arrays, which Keras loads as float32 variables."""
    model.save(path)
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in sorted(file.namelist())}
    config = _without_addresses(json.loads(parts["config.json"]))
    names = _renumbered(config)
    parts["config.json"] = json.dumps(_renamed(config, names)).encode()
    parts["model.weights.h5"] = _to_float16(parts["model.weights.h5"], names)
    metadata = json.loads(parts["metadata.json"]) | {"date_saved": ""}
    parts["metadata.json"] = json.dumps(metadata).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(zipfile.ZipInfo(name, _DATE), content, zipfile.ZIP_DEFLATED)


def _without_addresses(config: Any) -> Any:
    """The configuration without `shared_object_id`: memory addresses, which differ in every run and are not needed."""
    if isinstance(config, list):
        return [_without_addresses(item) for item in config]
    if not isinstance(config, dict):
        return config
    return {key: _without_addresses(value) for key, value in config.items() if key != "shared_object_id"}


def _renumbered(config: Any) -> dict[str, str]:
    """New names for layers that Keras named: as in a new process, because Keras counts layers over a whole process."""
    given: dict[str, str] = {}
    numbers: Counter[str] = Counter()
    for class_name, name in _layers(config):
        base = re.sub(r"_\d+$", "", name)
        if base.replace("_", "") == class_name.lower() and name not in given:
            given[name] = f"{base}_{numbers[base]}" if numbers[base] else base
            numbers[base] += 1
    return given


def _layers(config: Any) -> Iterator[tuple[str, str]]:
    """Class and name of every layer, in the order of the configuration."""
    if isinstance(config, dict):
        if isinstance(config.get("config"), dict) and "name" in config["config"] and "class_name" in config:
            yield config["class_name"], config["config"]["name"]
        config = [*config.values()]
    for item in config if isinstance(config, list) else ():
        yield from _layers(item)


def _renamed(config: Any, names: Mapping[str, str]) -> Any:
    if isinstance(config, list):
        return [_renamed(item, names) for item in config]
    if isinstance(config, dict):
        return {key: value if key == "class_name" else _renamed(value, names) for key, value in config.items()}
    return names.get(config, config) if isinstance(config, str) else config


def _to_float16(weights: bytes, names: Mapping[str, str]) -> bytes:
    target = io.BytesIO()
    with h5py.File(io.BytesIO(weights)) as source, h5py.File(target, "w") as copy:

        def visit(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset):
                value = item[()]
                copy.create_dataset(name, data=value.astype(np.float16) if value.dtype == np.float32 else value)
            else:
                copy.require_group(name)
            copy[name].attrs.update({key: names.get(str(value), value) for key, value in item.attrs.items()})

        source.visititems(visit)
        copy.attrs.update(source.attrs)
    return target.getvalue()
