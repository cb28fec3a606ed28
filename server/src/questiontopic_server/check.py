"""`questiontopic-server check BUNDLE`: loads a bundle, self-checks it, and prints what it is in a few lines."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from questiontopic_model.bundle import BundleError, Manifest, read_bundle
from questiontopic_model.loading import load_topic_model

from .settings import Settings
from .telemetry.logs import say

_SHOWN = ("accuracy", "macro_f1")  # Ends of the names of metrics that are printed.


def check(arguments: Sequence[str]) -> int:
    """Exit codes: 0 if the bundle can serve, 1 if not, with one line that says why."""
    parser = argparse.ArgumentParser(
        prog="questiontopic-server check",
        description="Loads a bundle, computes its golden texts, and prints what it is.",
    )
    parser.add_argument("bundle", metavar="BUNDLE", help="folder of the bundle")
    settings = Settings.read(["--bundle", parser.parse_args(arguments).bundle], os.environ)
    try:
        model = load_topic_model(read_bundle(settings.bundle), settings.runtime, settings.cache, settings.threads)
        model.check_golden()
    except BundleError as error:
        say(f"error: {error}")
        return 1
    print("\n".join(_lines(model.manifest, model.runtime, settings.bundle)))
    return 0


def _lines(manifest: Manifest, runtime: str, folder: Path) -> Iterator[str]:
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    yield f"{manifest.name} {manifest.version}, {size / 1e6:.1f} MB, runtime {runtime}"
    yield f"digest     {manifest.digest}"
    yield f"labels     {len(manifest.coarse_labels)} coarse, {len(manifest.fine_labels)} fine"
    if manifest.none_of_these:
        yield "score      none_of_these"
    yield f"languages  {' '.join(manifest.languages)}"
    for name, value in manifest.metrics.items():
        if name.endswith(_SHOWN):
            yield f"{name}  {value:.3f}"
    yield f"golden     {len(manifest.golden)} texts have the confidences that are recorded"
